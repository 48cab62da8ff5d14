"""What people read: view models, locales and rendering; the texts are in templates/."""
