"""The portal: everything that knows Flask or the database."""
