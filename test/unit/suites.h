/* Every suite, one a line in alphabetical order: a merge that meets here keeps both lines. */
SUITE(log_return)
SUITE(series_sort)
