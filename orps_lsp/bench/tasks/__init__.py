"""Programming tasks with visible and hidden tests: how well a method searches at equal budgets."""
