"""What people read: view models, locales and renderers; the texts are in templates/."""
