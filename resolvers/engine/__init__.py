"""The planned way to an answer: each place of the response once for all its objects, level by level."""
