"""The node's side of Palyra: what runs on the device, and never lets its key out of it."""
