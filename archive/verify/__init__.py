"""The offline verifier: one file and its evidence bundle, checked step by step. Small on purpose, few imports."""
