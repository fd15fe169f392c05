"""Reading what agencies really upload: decoding, dialect, tables, containers, in a sandboxed child."""
