"""Short programs that a page shows together with what they print; the part that a page shows is marked."""
