"""Who is at the door: browser sessions, CSRF tokens, service tokens, security headers."""
