/*
 * test_reverse_stress.c
 *	  The nearest loss: closed forms of linear books, both sides of straddles, rays all around in two factors, and
 *	  what must not change it.
 */
#include "stress_cases.h"

/* One future: the loss is q F (1 - e^x). */
static void
one_future(void)
{
	const double amounts[] = {1, 50, 199};

	for (int i = 0; i < 3; i++)
		for (int sign = -1; sign <= 1; sign += 2)
		{
			Case *c = new_case(1, amounts[i]);
			Real x = logl(1 - sign * amounts[i] / 200.0L);

			c->reach = 400;
			set_covariance(c, 0, 0, 0.04 * 0.04);
			hold(c, 0, 0, future_at(100), sign * 2);
			check_close(search(c), (double) (fabsl(x) / 0.04L), 1e-13, "a future of %d, loss %g",
			            sign * 2, amounts[i]);
			check_close(c->moves[0], (double) x, 1e-13, "its move");
			check_close(c->losses[0], amounts[i], 1e-13, "its loss");
			check(c->result.outcome == MC_STRESS_REACHED && c->result.rank == 1, "reached");
			free(c);
		}
}

/* A covariance with factors in common. */
static void
random_covariance(Case *c, UnitRandom *random)
{
	double loading[MOST_FACTORS][MOST_FACTORS + 1];
	size_t n = c->factors;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k <= n; k++)
			loading[i][k] = (k == 0 ? 0.03 : 0.02 / sqrt((double) n)) * unit_normal(random);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
		{
			double sum = 0;

			for (size_t k = 0; k <= n; k++)
				sum += loading[i][k] * loading[j][k];
			set_covariance(c, i, j, sum);
		}
}

/*
 * Futures on many factors: at the nearest point x = m S (w e^x) with weights w = q F, and the loss is L.  Solved in
 * long double by iterating on x and a step of Newton's method for m.
 */
static Real
solve_linear(const Case *c, Real *x, double loss)
{
	size_t n = c->factors;
	Real steep[MOST_FACTORS];
	Real squared = 0;

	memset(x, 0, n * sizeof(Real));
	for (int round = 0; round < 500; round++)
	{
		Real weight[MOST_FACTORS];
		Real missing = -(Real) loss;
		Real slope = 0;

		for (size_t i = 0; i < n; i++)
			weight[i] = c->positions[i].quantity * c->instruments[i].exposure.price * expl(x[i]);
		for (size_t i = 0; i < n; i++)
		{
			steep[i] = 0;
			for (size_t j = 0; j < n; j++)
				steep[i] -= covariance_of(c, i, j) * weight[j];
		}
		/* the plane that touches the surface here: the point of it nearest to 0 */
		for (size_t i = 0; i < n; i++)
		{
			missing += c->positions[i].quantity * c->instruments[i].exposure.price -
			           weight[i] * (1 - x[i]);
			slope -= weight[i] * steep[i];
		}
		missing = (Real) loss - (missing + loss);
		squared = missing * missing / slope;
		for (size_t i = 0; i < n; i++)
			x[i] = missing / slope * steep[i];
	}
	return sqrtl(squared);
}

static void
many_futures(void)
{
	UnitRandom random = {11};

	for (int trial = 0; trial < 12; trial++)
	{
		size_t n = 2 + (size_t) trial * 3;
		Case *c = new_case(n, 0);
		Real x[MOST_FACTORS];
		double variance = 0;
		double total = 0;
		Real want;
		double got;
		bool same = true;

		random_covariance(c, &random);
		for (size_t i = 0; i < n; i++)
		{
			hold(c, 0, i, future_at(exp(3 * unit_normal(&random))), 0);
			c->positions[i].quantity =
			    100 * unit_normal(&random) / c->instruments[i].exposure.price;
			total += fabs(100 * unit_normal(&random));
		}
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++)
				variance += c->positions[i].quantity * c->instruments[i].exposure.price *
				            c->positions[j].quantity * c->instruments[j].exposure.price *
				            covariance_of(c, i, j);
		/* a small loss: L / sqrt(w' S w) */
		c->equity[0] = 1e-6 * total;
		check_close(search(c), c->equity[0] / sqrt(variance), 1e-5, "%zu futures, a small loss", n);
		c->equity[0] = 3 * sqrt(variance);
		want = solve_linear(c, x, c->equity[0]);
		got = search(c);
		check_close(got, (double) want, 1e-11, "%zu futures, the distance", n);
		for (size_t i = 0; i < n; i++)
			same = same && fabsl(c->moves[i] - x[i]) <= 2e-8L * sqrtl(covariance_of(c, i, i));
		check(same, "and the moves");
		check_close(c->losses[0], c->equity[0], 1e-12, "which lose what they should");
		free(c);
	}
}

/* Both sides by bisection in long double. */
static Real
side(const Case *c, Real sign)
{
	Real deviation = sqrtl(covariance_of(c, 0, 0));
	Real low = 0;

	for (int i = 1; i <= 4000; i++)
	{
		Real high = i * (Real) c->reach / 4000;
		Real move = sign * high * deviation;

		if (wide_loss(c, &move, 0) < c->equity[0])
		{
			low = high;
			continue;
		}
		for (int k = 0; k < 80; k++)
		{
			Real middle = (low + high) / 2;

			move = sign * middle * deviation;
			if (wide_loss(c, &move, 0) < c->equity[0])
				low = middle;
			else
				high = middle;
		}
		return high;
	}
	return INFINITY;
}

static void
straddles(void)
{
	UnitRandom random = {12};
	int ups = 0;
	int downs = 0;
	bool good = true;

	for (size_t trial = 0; trial < unit_repeats(150, 30); trial++)
	{
		double strike = 100 * exp(0.1 * unit_normal(&random));
		double years = 0.3 * unit_uniform(&random) + 0.001;
		Case *c = new_case(1, 2 + 15 * unit_uniform(&random));
		Real up;
		Real down;
		double got;

		set_covariance(c, 0, 0, 0.0016);
		for (int call = 0; call < 2; call++)
		{
			McStressInstrument *k = hold(c, 0, 0, option_at(call, 100, strike, 0.6, years),
			                             -0.5 - unit_uniform(&random));

			k->vol_beta = -0.5;
			k->vol_rise = 0.7;
		}
		up = side(c, 1);
		down = side(c, -1);
		got = search(c);
		good = good && fabsl(got - fminl(up, down)) <= 1e-11L * got;
		good = good && (c->moves[0] > 0) == (up < down);
		ups += up < down;
		downs += down < up;
		free(c);
	}
	check(good, "short straddles: the nearer side");
	check(ups > 3 && downs > 3, "both happened: %d up, %d down", ups, downs);
}

/* Random books of options on two factors against rays all around. */
static void
two_factors(void)
{
	UnitRandom random = {13};

	for (size_t trial = 0; trial < unit_repeats(24, 4); trial++)
	{
		double correlation = 1.9 * unit_uniform(&random) - 0.95;
		Case *c = new_case(2, 5 + 20 * unit_uniform(&random));
		size_t positions = 1 + trial % 6;
		Real want;
		double got;

		c->reach = 8;
		set_covariance(c, 0, 0, 0.0016);
		set_covariance(c, 1, 1, 0.0036);
		set_covariance(c, 1, 0, correlation * 0.04 * 0.06);
		for (size_t i = 0; i < positions; i++)
		{
			double strike = 100 * exp(0.12 * unit_normal(&random));
			McExposure e = option_at(i % 2, 100, strike, 0.7, 0.02 + 0.2 * unit_uniform(&random));
			McStressInstrument *k;

			if (trial % 5 == 4 && i == 0)
				e = future_at(100);
			if (trial % 8 == 7)
				e.years = 0;
			k = hold(c, 0, unit_uniform(&random) < 0.5, e, 2 * unit_normal(&random) - 1);
			k->vol_rise = trial % 3 == 2 ? 0.8 : 0;
			k->vol_beta = trial % 3 == 1 ? -0.6 : 0;
		}
		want = brute_distance(c, 240);
		got = search(c);
		if (want >= 8)
			check(c->result.outcome == MC_STRESS_NOT_REACHED, "book %zu is out of reach", trial);
		else
			check(c->result.outcome == MC_STRESS_REACHED && got <= want * (1 + 1e-9L) &&
			          got >= want * (1 - 1e-6L),
			      "book %zu: %.12g, rays all around %.12Lg", trial, got, want);
		free(c);
	}
}

/* A vol that is a factor of its own. */
static void
vol_factor(void)
{
	for (int sign = -1; sign <= 1; sign += 2)
	{
		Case *c = new_case(2, 3);
		double got;
		Real want;

		set_covariance(c, 0, 0, 0.0016);
		set_covariance(c, 1, 1, 0.01);
		set_covariance(c, 1, 0, -0.5 * 0.04 * 0.1);
		hold(c, 0, 0, option_at(true, 100, 105, 0.6, 0.25), sign * 1.0)->vol_factor = 1;
		hold(c, 0, 0, option_at(false, 100, 90, 0.6, 0.5), sign * 1.0)->vol_factor = 1;
		got = search(c);
		want = brute_distance(c, 360);
		check(got <= want * (1 + 1e-9L) && got >= want * (1 - 1e-7L),
		      "a vol that moves: %.12g, rays %.12Lg", got, want);
		free(c);
	}
}

/* A fund and accounts. */
static void
accounts(void)
{
	UnitRandom random = {14};

	for (size_t trial = 0; trial < unit_repeats(12, 4); trial++)
	{
		Case *c = new_case(2, 10);
		Real want;
		double got;

		c->reach = 9;
		set_covariance(c, 0, 0, 0.0016);
		set_covariance(c, 1, 1, 0.0025);
		set_covariance(c, 1, 0, 0.0012);
		c->book.account_count = 4;
		for (size_t a = 0; a < 4; a++)
		{
			c->equity[a] = 4 + 12 * unit_uniform(&random);
			hold(c, a, a % 2, future_at(100), 3 * unit_normal(&random));
			hold(c, a, unit_uniform(&random) < 0.5, option_at(a % 2, 100, 100, 0.6, 0.1),
			     -3 * unit_uniform(&random));
		}
		c->book.fund = trial % 4 == 0 ? 0 : 5 + 30 * unit_uniform(&random);
		c->book.cover = 1 + trial % 3 * 2;
		got = search(c);
		want = brute_distance(c, 240);
		check(c->result.outcome == MC_STRESS_REACHED && got <= want * (1 + 1e-9L) &&
		          got >= want * (1 - 1e-6L),
		      "fund %g, cover %zu: %.12g, rays %.12Lg", c->book.fund, c->book.cover, got, want);
		free(c);
	}
}

/* One account with a fund is that account with so much more equity; the first of many is the nearest of each. */
static void
same_questions(void)
{
	UnitRandom random = {15};
	Case *c = new_case(3, 8);
	Case *all = new_case(3, 8);
	double first = INFINITY;
	double alone;

	random_covariance(c, &random);
	memcpy(all->covariance, c->covariance, sizeof(c->covariance));
	hold(c, 0, 0, future_at(100), 1);
	hold(c, 0, 1, option_at(true, 100, 110, 0.5, 0.1), -3);
	c->book.fund = 2;
	alone = search(c);
	c->book.fund = 0;
	c->equity[0] = 10;
	check_close(search(c), alone, 1e-12, "a fund of 2 over an equity of 8 is an equity of 10");
	all->book.account_count = 30;
	for (size_t a = 0; a < 30; a++)
	{
		Case *one = new_case(3, 5 + 200 * unit_uniform(&random));
		McExposure option = option_at(a % 2, 100, 90 + 20 * unit_uniform(&random), 0.5, 0.1);

		memcpy(one->covariance, c->covariance, sizeof(c->covariance));
		all->equity[a] = one->equity[0];
		hold(one, 0, a % 3, option, -10);
		hold(all, a, a % 3, option, -10);
		first = fmin(first, search(one));
		free(one);
	}
	check_close(search(all), first, 1e-12, "the first of 30 accounts");
	free(c);
	free(all);
}

static Case *
mixed_book(size_t n, const size_t *order, double scale)
{
	UnitRandom random = {16};
	Case *base = new_case(n, 0);
	Case *c = new_case(n, 150 * scale);

	random_covariance(base, &random);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
			set_covariance(c, order[i], order[j], covariance_of(base, i, j));
	for (size_t i = 0; i < n; i++)
	{
		hold(c, 0, order[i], future_at(50), scale * unit_normal(&random));
		hold(c, 0, order[i], option_at(i % 2, 100, 95, 0.5, 0.2),
		     -3 * scale * unit_uniform(&random));
		hold(c, 0, order[i], option_at(i % 3 == 0, 100, 110, 0.5, 0.1),
		     scale * unit_normal(&random));
	}
	free(base);
	return c;
}

static void
invariances(void)
{
	const size_t order[] = {0, 1, 2, 3, 4, 5};
	const size_t shuffled[] = {3, 5, 0, 1, 4, 2};
	Case *c = mixed_book(6, order, 1);
	Case *other = mixed_book(6, shuffled, 1);
	double distance = search(c);
	double before = 0;
	bool rises = true;
	bool same = true;

	check_close(search(other), distance, 1e-11, "another order of the factors");
	for (size_t i = 0; i < 6; i++)
		same = same && fabs(other->moves[shuffled[i]] - c->moves[i]) <= 1e-7;
	check(same, "moves the same");
	free(other);
	other = mixed_book(6, order, 1024);
	check_close(search(other), distance, 1e-11, "another unit of money");
	free(other);
	/* a factor that nobody holds follows the others and changes nothing */
	other = mixed_book(6, order, 1);
	other->factors = 7;
	for (size_t i = 0; i < 6; i++)
		set_covariance(other, 6, i, 0.5 * covariance_of(other, 2, i) + covariance_of(other, 4, i));
	set_covariance(other, 6, 6,
	               0.25 * covariance_of(c, 2, 2) + covariance_of(c, 4, 4) + covariance_of(c, 2, 4) +
	                   1e-3);
	check_close(search(other), distance, 1e-12, "another factor");
	check_close(other->moves[6], 0.5 * other->moves[2] + other->moves[4], 1e-9,
	            "which moves with the others");
	check(other->result.rank == 6, "six independent moves count");
	free(other);
	for (double loss = 5; loss < 400; loss *= 1.3)
	{
		double next;

		c->equity[0] = loss;
		next = search(c);
		rises = rises && (c->result.outcome == MC_STRESS_NOT_REACHED || next > before);
		before = next;
	}
	check(rises, "more is further away");
	for (size_t i = 0; i < mc_triangle_row(6); i++)
		c->covariance[i] *= 4;
	c->equity[0] = 150;
	check_close(search(c), distance / 2, 1e-11, "twice the vol: half the distance");
	free(c);
}

/* Two factors that are one; a combination of others. */
static void
singular(void)
{
	Case *c = new_case(2, 10);
	Real want = -logl(0.9L) / 0.04L;

	set_covariance(c, 0, 0, 0.0016);
	set_covariance(c, 1, 0, 0.0016);
	set_covariance(c, 1, 1, 0.0016);
	hold(c, 0, 0, future_at(100), 3);
	hold(c, 0, 1, future_at(100), -2);
	check_close(search(c), (double) want, 1e-12, "two factors that are one");
	check(c->result.rank == 1 && fabs(c->moves[0] - c->moves[1]) < 1e-15, "move as one");
	c->positions[1].quantity = -3;
	search(c);
	check(c->result.outcome == MC_STRESS_NOT_REACHED, "and hedge each other");
	set_covariance(c, 1, 0, 0);
	set_covariance(c, 1, 1, 0);
	c->positions[1].quantity = 1e9;
	c->positions[0].quantity = 1;
	check_close(search(c), (double) want, 1e-12, "a factor that stands still");
	check(c->moves[1] == 0, "stands still");
	memset(c->covariance, 0, sizeof(c->covariance));
	search(c);
	check(c->result.outcome == MC_STRESS_NOT_REACHED && c->result.rank == 0 && c->losses[0] == 0,
	      "nothing moves");
	free(c);
}

static bool
stop_soon(void *arg)
{
	return --*(int *) arg <= 0;
}

static void
limits(void)
{
	Case *c = new_case(1, 10);
	int left = 20;
	McPoll poll = {stop_soon, &left};

	set_covariance(c, 0, 0, 0.01);
	search(c);
	check(c->result.outcome == MC_STRESS_NOT_REACHED && c->result.rank == 0, "an empty book");
	c->equity[0] = 0;
	check(search(c) == 0 && c->result.outcome == MC_STRESS_EXHAUSTED, "with nothing left");
	c->equity[0] = 1e-300;
	hold(c, 0, 0, option_at(true, 100, 100, 0.5, 0), -1e9);
	check(search(c) >= 0 && c->result.outcome == MC_STRESS_REACHED, "next to nothing left");
	c->equity[0] = -5;
	check(search(c) == 0 && c->result.outcome == MC_STRESS_EXHAUSTED && c->moves[0] == 0,
	      "less than nothing");
	c->book.fund = 6;
	check(search(c) > 0 && c->result.outcome == MC_STRESS_REACHED, "a fund over a deficit");
	check_close(c->losses[0], 1, 1e-4, "that loses one more");
	c->book.fund = 5;
	check(search(c) == 0 && c->result.outcome == MC_STRESS_EXHAUSTED, "or none");
	c->book.fund = 0;
	c->equity[0] = 1e9;
	c->positions[0].quantity = 1;
	search(c);
	check(c->result.outcome == MC_STRESS_NOT_REACHED, "a long option cannot lose so much");
	c->instruments[0].exposure.years = 1;
	search(c);
	check_close(
	    c->losses[0],
	    (double) (black(true, 100, 100, 1, 0.5) - black(true, 100 * expl(-1.2L), 100, 1, 0.5)),
	    1e-12, "it can lose its premium");
	c->positions[0].quantity = 1e308;
	check(search_with(c, NULL) == MC_OVERFLOW, "beyond a double");
	c->positions[0].quantity = -1;
	c->equity[0] = 100;
	check(search_with(c, &poll) == MC_STOPPED, "stopped");
	set_covariance(c, 0, 0, 1e6);
	check(search(c) > 0 && c->result.outcome == MC_STRESS_REACHED, "a covariance in no unit");
	free(c);
}

/* Losing in the middle only: beyond it the loss is gone again. */
static void
islands(void)
{
	Case *c = new_case(2, 7);
	double got;
	Real want;

	set_covariance(c, 0, 0, 0.0016);
	set_covariance(c, 1, 1, 0.0016);
	hold(c, 0, 0, option_at(true, 100, 110, 0.5, 0), -1);
	hold(c, 0, 0, option_at(true, 100, 120, 0.5, 0), 2);
	hold(c, 0, 0, option_at(true, 100, 130, 0.5, 0), -1);
	hold(c, 0, 1, option_at(true, 100, 101, 0.5, 0.1), 0.1);
	c->positions[1].quantity = 2;
	c->positions[0].quantity = c->positions[2].quantity = -1;
	got = search(c);
	want = brute_distance(c, 360);
	check(fabsl(got - want) <= 1e-6L * want, "a loss between two strikes: %.12g, rays %.12Lg", got,
	      want);
	free(c);
}

/* Vols that rise with any move help who is long them: the nearest loss is where that price stands still, a kink. */
static void
kinks(void)
{
	for (int trial = 0; trial < 4; trial++)
	{
		Case *c = new_case(2, 15 + 5 * trial);
		double got;
		Real want;

		set_covariance(c, 0, 0, 0.0016);
		set_covariance(c, 1, 1, 0.0025);
		set_covariance(c, 1, 0, (trial - 1) * 0.0004);
		for (int call = 0; call < 2; call++)
			hold(c, 0, 0, option_at(call, 100, 100, 0.5, 0.25), 2)->vol_rise = 3;
		hold(c, 0, 1, future_at(100), -1);
		got = search(c);
		want = brute_distance(c, 360);
		check(fabsl(got - want) <= 1e-7L * want && fabs(c->moves[0]) < 1e-4,
		      "a kink: %.12g, rays %.12Lg, at %g", got, want, c->moves[0]);
		free(c);
	}
}

void
test_reverse_stress(void)
{
	kinks();
	one_future();
	many_futures();
	straddles();
	two_factors();
	vol_factor();
	accounts();
	same_questions();
	invariances();
	singular();
	limits();
	islands();
}
