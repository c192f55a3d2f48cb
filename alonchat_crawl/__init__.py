"""AlonChat Crawl: web sites and files in, searchable embedded chunks out."""
