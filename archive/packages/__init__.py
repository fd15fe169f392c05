"""Packages that leave the archive: evidence bundles."""
