"""The rooms of Palyra: ground modules here, one folder per capability."""
