"""What this node does with its peers: witnessing, exchanging checkpoints, keeping evidence of forks."""
