"""What each page does: a view is given the site and the visit, and answers."""
