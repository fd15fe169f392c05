"""The object-store port and its adapters, the disk beneath them, and the staging area of uploads."""
