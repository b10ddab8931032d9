"""Second opinions: what a guest answers, and how it goes together with verdicts."""
