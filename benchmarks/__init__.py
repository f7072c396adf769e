"""What the gateway costs, measured on real databases. Each module is a command."""
