"""What happens, when, and who hears of it. The only package that imports Prefect."""
