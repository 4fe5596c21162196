"""Any OpenAI-compatible server by URL: ``engine`` is the engine, ``http`` alone opens sockets."""
