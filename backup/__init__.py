"""Keeping data safe: dumps, restic, proof, restore, drill, mail archive."""
