"""How soon the server answers, beside another language server, and what memory it takes."""
