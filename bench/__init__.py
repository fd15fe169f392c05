"""Hot paths, each beside a peer or the machine's own limit in the same run. `make bench` prints them all."""
