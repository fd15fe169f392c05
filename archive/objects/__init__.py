"""OCFL objects: volumes, versions, inventories, commit, recovery and fixity."""
