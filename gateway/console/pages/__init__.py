"""What each page shows, asked of the API's own functions; how it looks stands in the templates."""
