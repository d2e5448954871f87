/*
 * test_e_process.c
 *	  The vector of the definition, the adaptive bet beside its formula, infinite evidence, and
 *	  wealth beyond the range of a double.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/e_process.h"
#include "unit.h"

static const double losses[] = {.5, 1.2, 2.6, .1, 3.5, -.2, 2.4, 0};

static void
vectors(void)
{
	static const double var[] = {.98,          .9604,         2.861992,    2.80475216,
	                             8.3581614368, 8.19099820806, 24.40917466, 23.9209911668};
	static const double es[] = {.98,           .9604,         2.24267946351, 2.19782587424,
	                            9.32037726098, 9.13396971576, 17.461322764,  17.1120963087};
	McEProcess a = {0, 0, 0};
	McEProcess b = {0, 0, 0};

	check(mc_e_process_wealth(&a) == 1, "the wealth is 1 at the start");
	for (int i = 0; i < 8; i++)
	{
		mc_e_process_add(&a, mc_e_value_at_risk(-losses[i], 2.32634787404084, 0.99), 0.02);
		mc_e_process_add(
		    &b, mc_e_expected_shortfall(-losses[i], 1.95996398454, 2.3378027922, 0.975), 0.02);
		check_close(mc_e_process_wealth(&a), var[i], 1e-10, "VaR, row %d", i + 1);
		check_close(mc_e_process_wealth(&b), es[i], 1e-10, "ES, row %d", i + 1);
	}
}

static void
e_values(void)
{
	check(mc_e_value_at_risk(-1, 1, 0.99) == 0 && mc_e_value_at_risk(-1.5, 1, 0.99) == 100,
	      "e-values of VaR");
	check_close(mc_e_expected_shortfall(-3, 1, 2, 0.975), 80, 1e-15, "e-value of ES");
	check(mc_e_expected_shortfall(-1, 1, 2, 0.975) == 0, "no loss above VaR");
	check(mc_e_expected_shortfall(-3, 2, 2, 0.975) == INFINITY, "ES = VaR and a loss above both");
	check(mc_e_expected_shortfall(-2, 2, 2, 0.975) == 0, "ES = VaR and a loss of that size");
}

/* sum (e - 1) / sum (e - 1)^2 over the rows before, between 0 and 1/2 */
static void
adaptive_bets(void)
{
	McEProcess process = {0, 0, 0};
	double wealth = 1;
	double gains = 0;
	double squares = 0;
	UnitRandom random = {5};
	int wrong = 0;
	bool capped = false;
	bool zero = false;

	for (int i = 0; i < 500; i++)
	{
		double e = i == 0 ? 1.5 : unit_uniform(&random) < (i > 100 ? 0.06 : 0.01) ? 20 : 0;
		double bet = squares > 0 ? gains / squares : 0;

		bet = bet < 0 ? 0 : bet > 0.5 ? 0.5 : bet;
		capped |= bet == 0.5;
		zero |= i > 0 && bet == 0;
		wrong += mc_e_adaptive_bet(&process) != bet;
		mc_e_process_add(&process, e, bet);
		wealth *= 1 - bet + bet * e;
		wrong += !is_close(mc_e_process_wealth(&process), wealth, 1e-12);
		gains += e - 1;
		squares += (e - 1) * (e - 1);
	}
	check(wrong == 0, "adaptive bets are the formula's");
	check(capped && zero, "both ends are met");
}

static void
extremes(void)
{
	McEProcess process = {0, 0, 0};

	mc_e_process_add(&process, INFINITY, 0);
	check(mc_e_process_wealth(&process) == 1, "nothing bet on infinite evidence, nothing won");
	check(mc_e_adaptive_bet(&process) == 0.5, "the bet after it is the largest");
	mc_e_process_add(&process, INFINITY, 0.01);
	check(mc_e_process_wealth(&process) == DBL_MAX, "infinite evidence");
	mc_e_process_add(&process, 0, 0.01);
	check(mc_e_process_wealth(&process) == DBL_MAX, "which nothing takes back");
	memset(&process, 0, sizeof(process));
	for (int i = 0; i < 100000; i++)
		mc_e_process_add(&process, 0, 0.5);
	check(mc_e_process_wealth(&process) == 0, "quiet years bring the wealth below any double");
	for (int i = 0; i < 20000; i++)
		mc_e_process_add(&process, 100, 0.5);
	check_close(process.log_wealth, -100000 * log(2) + 20000 * log(50.5), 1e-10,
	            "and the logarithm remembers it");
}

void
test_e_process(void)
{
	vectors();
	e_values();
	adaptive_bets();
	extremes();
}
