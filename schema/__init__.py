"""What can be seen: the graph, its words and its rules."""
