"""The exercises that can be checked, a module for each chapter."""
