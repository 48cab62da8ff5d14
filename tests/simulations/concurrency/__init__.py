"""Many writers at once: as processes on ministack, and in every order of their calls on moto."""
