"""The browser's verifier, run by Node on the shared vectors and on the same random damage as archive.verify."""
