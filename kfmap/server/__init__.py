"""Running kfmap as one process: web server, embedded worker, database, health."""
