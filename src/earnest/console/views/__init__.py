"""Pages of the console, one module per subject: each checks who asks, reads, and renders."""
