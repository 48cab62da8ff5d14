"""What people read: view models, locales and renderers. The texts stand in templates/."""
