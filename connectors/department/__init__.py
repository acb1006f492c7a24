"""The Department of Education: forms and how they are counted and filled."""
