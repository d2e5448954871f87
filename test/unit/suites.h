/* Every suite, one a line in alphabetical order: a merge that meets here keeps both lines. */
SUITE(calibrate)
SUITE(ewma)
SUITE(log_return)
SUITE(policy)
SUITE(price_series)
SUITE(publish)
SUITE(series_sort)
SUITE(stress_window)
