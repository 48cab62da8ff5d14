"""Many writers at once: on ministack in processes, on moto in every order, and its queues."""
