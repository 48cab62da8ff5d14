"""What every room knows: companies, people, policies, posts. Standard library only."""
