"""The BPF programs in the kernel's own source, compiled and checked: a report, not a test."""
