"""kfmap: which BPF program may call which kernel function, on which kernel, and why."""
