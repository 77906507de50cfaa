"""The deterministic simulator: AWS in memory, with faults, time and order under the test's hand."""
