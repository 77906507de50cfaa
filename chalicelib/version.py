"""The version of Palyra: a constant, because what runs in Lambda is no installed package."""

VERSION = "0.1.0"
