/*
 * test_black.c
 *	  Black (1976): typed values, the textbook in wide arithmetic, and limits.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/black.h"
#include "unit.h"
#include "wide_option.h"

typedef struct Reference
{
	double forward;
	double strike;
	double t;
	double vol;
	double call; /* then what the first row of `names` says */
	double put;
	double delta_call;
	double delta_put;
	double gamma;
	double vega;
	double theta;
	double rho_call;
	double vanna;
	double volga;
} Reference;

/*
 * By mpmath 1.2.1 with 60 digits from the doubles on the left: N(z) = erfc(-z / sqrt(2)) / 2,
 * F N(d1) - K N(d2) and K N(-d2) - F N(-d1); n(d1) / (F s), F n(d1) sqrt(t), -F n(d1) v / (2 sqrt(t)), -t call,
 * -n(d1) d2 / v, F n(d1) sqrt(t) d1 d2 / v.
 */
static const Reference references[] = {
    {100.0, 100.0, 1.0, 0.2, 7.96556745540579673379, 7.96556745540579673379,
     5.39827837277028983669e-1, -4.60172162722971016331e-1, 1.98476273738505871627e-2,
     3.9695254747701176529e+1, -3.96952547477011787325, -7.96556745540579673379,
     1.98476273738505882645e-1, -1.98476273738505893663},
    {60000.0, 60000.0, 0.0821917808219178, 0.65, 4.45410902420380733458e+3,
     4.45410902420380733458e+3, 5.37117575201698394455e-1, -4.62882424798301605545e-1,
     3.55259825711488407658e-5, 6.83266842875246183154e+3, -2.70175097453586952483e+4,
     -3.66091152674285514027e+2, 5.69389035729371819295e-2, -9.12582427127897279934e+1},
    {60000.0, 80000.0, 0.0821917808219178, 0.65, 3.41094947801689205361e+2,
     2.03410949478016892054e+4, 7.34449668352404774114e-2, -9.26555033164759522589e-1,
     1.24594319253301125945e-5, 2.39630718125527091906e+3, -9.47539797921355127547e+3,
     -2.80352011891799331309e+1, 3.50832783235154406068e-1, 8.75416502251154919004e+3},
    {60000.0, 40000.0, 0.0821917808219178, 0.65, 2.0047611541489289422e+4,
     4.76115414892894220423e+1, 9.88366125605039424213e-1, -1.16338743949605757872e-2,
     2.71937766211155841764e-6, 5.23014553096524374911e+2, -2.06808671203584031791e+3,
     -1.64774889382103739527e+3, -9.7421184568246017649e-2, 3.8023769072478033474e+3},
    {60000.0, 200000.0, 0.0027397260273972603, 0.9, 4.54463364517227902855e-142, 1.4e+5,
     4.12565307292914825182e-144, -1.0, 3.73275182394158305153e-146, 3.31345641358102177527e-139,
     -5.44235215930682835767e-137, -1.24510510826637782576e-144, 2.99884900122711761069e-141,
     2.40480343451318800081e-136},
    {3000.0, 1000.0, 1.0, 0.8, 2.05093359774209604642e+3, 5.09335977420960464222e+1,
     9.6190762698899672303e-1, -3.80923730110032769697e-2, 3.4505301829739977423e-5,
     2.48438173174127851236e+2, -9.9375269269651146011e+1, -2.05093359774209604642e+3,
     -1.00748445108141577898e-1, 5.35961183604803022993e+2},
    {100.0, 150.0, 0.01, 0.3, 1.70345052582005866634e-42, 5.0e+1, 7.76554269665234743661e-42, -1.0,
     3.51359319243399530323e-41, 1.0540779577301985739e-39, -1.58111693659529776943e-38,
     -1.7034505258200587018e-44, 4.7540685351831855842e-39, 6.41823193910280221843e-37},
    {1.0, 1.0, 10.0, 4.0, 9.99999999746037141053e-1, 9.99999999746037141053e-1,
     9.99999999873018570526e-1, -1.26981429473543248533e-10, 6.50070467206798394874e-11,
     2.6002818688271935795e-9, -5.20056373765438715899e-10, -9.99999999746037141053,
     1.30014093441359678975e-9, -2.6002818688271935795e-8},
    {60000.0, 60000.01, 0.00011415525114155251, 0.4, 1.02293428097035364052e+2,
     1.0230342809703740132e+2, 5.00836928968817579853e-1, -4.99163071031182420147e-1,
     1.55578622359193957569e-3, 2.55745680590455826733e+2, -4.48066432394478647543e+5,
     -1.16773319745474156167e-2, 2.17010865727696665391e-3, -2.91849887338899560092e-3},
    {60000.0, 59999.99, 1e-09, 0.5, 3.83490872672369943761e-1, 3.73490872670332675629e-1,
     5.04208297088451634466e-1, -4.95791702911548365534e-1, 4.20498690255529442438e-1,
     7.56897642459953043529e-1, -1.89224410614988249097e+8, -3.83490872672369967646e-10,
     -8.40366702730132165069e-3, 1.6819940959179027301e-4},
    {2500.0, 2500.0, 1e-06, 1e-06, 9.9735570100358162711e-7, 9.9735570100358162711e-7,
     5.00000000199471140201e-1, -4.99999999800528859799e-1, 1.59576912160573081988e+5,
     9.97355701003581672159e-1, -4.9867785050179083608e-1, -9.97355701003581581978e-13,
     1.99471140200716334432e-4, -2.49338925250895395474e-13},
    {0.012, 0.05, 0.25, 1.9, 6.25482099212441407003e-4, 3.86254820992124439328e-2,
     1.52156618758593903314e-1, -8.47843381241406096686e-1, 2.06477214643474491372e+1,
     1.41230414816136551376e-3, -5.36675576301318870142e-3, -1.56370524803110351751e-4,
     2.4495148622689979409e-1, 1.50972577372346584713e-3},
    {1e-07, 3e-07, 0.5, 1.2, 6.35997368695837139232e-9, 2.06359973686958362342e-7,
     1.9202373453974713882e-1, -8.0797626546025286118e-1, 3.21891947684814102004e+6,
     1.93135168610888436575e-8, -2.31762202333066115314e-8, -3.17998684347918569616e-9,
     3.91262958763651764634e-1, 2.40826357869564219824e-8},
    {100.0, 90.0, 2.0, 3.0, 9.67852085050677700379e+1, 8.67852085050677700379e+1,
     9.84069655103861297533e-1, -1.59303448961387024669e-2, 9.39936611457202145242e-5,
     5.63961966874321287145, -4.22971475155740965359, -1.93570417010135540076e+2,
     2.7867990990153395214e-2, -8.45827016041502586701},
    {100.0, 1000.0, 5.0, 2.5, 9.84711515982824263806e+1, 9.98471151598282426381e+2,
     9.91418240756193119511e-1, -8.5817592438068804892e-3, 4.17043036038841967621e-5,
     5.21303795048552459526, -1.30325948762138114881, -4.92355757991412131903e+2,
     2.99062980641076872867e-2, -1.59369644457052626524e+1},
    {1000.0, 100.0, 5.0, 2.5, 9.98471151598282426381e+2, 9.84711515982824263806e+1,
     9.9932932752266311443e-1, -6.70672477336885570467e-4, 4.17043036038841967621e-7,
     5.21303795048552459526, -1.30325948762138114881, -4.9923557579914121319e+3,
     2.22240814407475586658e-3, -1.59369644457052626524e+1},
    {1.0, 20.0, 1.0, 0.15, 1.62290699058218035027e-90, 1.9e+1, 2.17966708959195444043e-88, -1.0,
     2.89845702353236931463e-86, 4.34768553529855381105e-87, -3.26076415147391523761e-88,
     -1.62290699058218035027e-90, 5.81040592694659851787e-85, 1.15607023274167796617e-83},
    {20.0, 1.0, 1.0, 0.15, 1.9e+1, 1.62290699058218035027e-90, 1.0, -1.08171900984306631846e-89,
     7.24614255883092328658e-89, 4.34768553529855381105e-87, -3.26076415147391523761e-88, -1.9e+1,
     -2.88346453579680648988e-86, 1.15607023274167796617e-83},
    {1e+20, 1.5e+20, 0.7, 0.33, 1.05698255402690760532e+18, 5.10569825540269076053e+19,
     9.16756164005408547619e-2, -9.08324383599459145238e-1, 5.96269178435732118613e-21,
     1.37738180218654117149e+19, -3.24668567658256169169e+18, -7.39887787818835276783e+17,
     8.01494383733601211069e-1, 8.92209237917045387828e+19},
    {100.0, 0.001, 1.0, 0.9, 9.9999e+1, 1.80422714872832618031e-39, 1.0,
     -2.50505178734325700713e-40, 3.70659101963923203823e-41, 3.33593191767530891671e-37,
     -1.50116936295388904956e-37, -9.9999e+1, -4.57472630836450982586e-38,
     6.05791635174740399746e-35},
    {100.0, 104.0, 0.004, 0.11, 1.02566435620066396319e-9, 4.0000000010256643562,
     8.79861030877054928838e-9, -9.99999991201389691229e-1, 7.33766860675257784719e-8,
     3.22857418697113433627e-7, -4.43928950708530964236e-6, -4.10265742480265593818e-12,
     2.61787424745057713025e-6, 9.32832203398481099479e-5},
    {1.0, 1.0000000001, 1.0, 1e-09, 3.50935327417080784235e-10, 4.50935335691117884144e-10,
     4.60172159639031954281e-1, -5.39827840360968045719e-1, 3.96952547168617822383e+8,
     3.96952547168617847106e-1, -1.98476273584308935914e-10, -3.50935327417080784235e-10,
     3.96952581977533924627e+7, 3.96952612816927259502e+6},
    {5.0, 4.0, 30.0, 0.01, 1.0000012570548591144, 1.2570548591144003396e-6,
     9.99979468108556037627e-1, -2.05318914439623727508e-5, 3.24056564703407327305e-4,
     2.43042423527555500538e-3, -4.05070705879259175996e-7, -3.0000037711645773432e+1,
     -3.59125239137730971789e-2, 4.03375845432323578037},
    {1.0, 100000000.0, 1.0, 0.5, 2.64123815992768338923e-295, 9.9999999e+7,
     1.96220389993814666525e-293, -1.0, 1.43706514394410864909e-291, 7.18532571972054324543e-292,
     -1.79633142993013581136e-292, -2.64123815992768338923e-295, 5.3302702735698780132e-290,
     1.95041846408428248793e-288},
    {1e+150, 2e+150, 1.0, 0.3, 1.4926346037059333773e+147, 1.00149263460370591421e+150,
     1.53673551869312193111e-2, -9.84632644813068780689e-1, 1.28886185210191956557e-151,
     3.86658555630575840541e+148, -5.79987833445863739348e+147, -1.4926346037059333773e+147,
     3.17123247420100387055e-1, 6.85141795684506736035e+149},
    {1e-150, 5e-151, 1.0, 0.3, 5.00746317301852969855e-151, 7.46317301852966707649e-154,
     9.93062639708387357047e-1, -6.93736029161264295259e-3, 6.44430926050959766377e+148,
     1.93329277815287925193e-152, -2.89993916722931877057e-153, -5.00746317301852969855e-151,
     -1.3922869592852140113e-1, 3.42570897842253376739e-151},
    {1.0, 2.0, 1e-60, 1e+29, 4.08296663158784952468e-14, 1.00000000000004082967,
     2.96186500923854970645e-12, -9.99999999997038134991e-1, 2.07958922057169817084e-10,
     2.0795892205716979312e-41, -1.03979461028584890726e+48, -4.08296663158784940396e-74,
     1.45185935106498541765e-39, 9.99092919004961632505e-69},
    {7.0, 7.0, 100000000.0, 0.0001, 2.68047445783618356903, 2.68047445783618356903,
     6.91462461274013112073e-1, -3.08537538725986887927e-1, 5.02950466806142080979e-2,
     2.4644572873500963149e+4, -1.2322286436750482165e-8, -2.68047445783618356903e+8,
     1.76032663382149736778e+3, -6.1611432183752410825e+7},
};

/* Typed from the project's list of 50-digit values: call at vols and times as decimals. */
static void
test_listed(void)
{
	static const double listed[][5] = {{100, 100, 1, 0.2, 7.9655674554057962931},
	                                   {60000, 60000, 30.0 / 365, 0.65, 4454.1090242038},
	                                   {60000, 80000, 30.0 / 365, 0.65, 341.0949478016891},
	                                   {60000, 40000, 30.0 / 365, 0.65, 20047.6115414893},
	                                   {60000, 200000, 1.0 / 365, 0.9, 4.5446336451722e-142},
	                                   {3000, 1000, 1, 0.8, 2050.933597742096},
	                                   {100, 150, 0.01, 0.3, 1.70345052582007e-42},
	                                   {1, 1, 10, 4, 0.999999999746037}};

	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		check_close(mc_black76_price(true, listed[i][0], listed[i][1], listed[i][2], listed[i][3]),
		            listed[i][4], 1e-13, "listed value %zu", i + 1);
	check_close(mc_black76_price(false, 60000, 80000, 30.0 / 365, 0.65), 20341.0949478017, 1e-14,
	            "a put in the money");
	check_close(mc_black76_price(false, 60000, 40000, 30.0 / 365, 0.65), 47.6115414892894, 1e-14,
	            "a put out of the money");
	check_close(mc_black76_price(false, 3000, 1000, 1, 0.8), 50.93359774209604, 1e-14,
	            "a put far out of the money");
}

static void
test_references(void)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
	{
		const Reference *r = &references[i];
		McOptionGreeks call;
		McOptionGreeks put;
		double got[10];
		static const char *const names[] = {"call",  "put",  "delta", "delta of the put",
		                                    "gamma", "vega", "theta", "rho",
		                                    "vanna", "volga"};

		mc_black76_greeks(true, r->forward, r->strike, r->t, r->vol, &call);
		mc_black76_greeks(false, r->forward, r->strike, r->t, r->vol, &put);
		memcpy(got,
		       ((double[]){call.price, put.price, call.delta, put.delta, call.gamma, call.vega,
		                   call.theta, call.rho, call.vanna, call.volga}),
		       sizeof(got));
		for (int j = 0; j < 10; j++)
			check_close(got[j], (&r->call)[j], 8e-15, "%s of option %zu", names[j], i + 1);
		check(call.price == mc_black76_price(true, r->forward, r->strike, r->t, r->vol) &&
		          put.price == mc_black76_price(false, r->forward, r->strike, r->t, r->vol),
		      "the price alone is the price with Greeks");
		check(call.gamma == put.gamma && call.vega == put.vega && call.theta == put.theta &&
		          call.vanna == put.vanna && call.volga == put.volga &&
		          put.rho == -r->t * put.price,
		      "what call and put share");
	}
}

static double
error_of(double got, Wide want)
{
	Wide error = (got - want) / want;

	return fabs((double) error);
}

/* Options whose deviation, distance and vol are drawn; d1 down to -37. */
static void
test_random(void)
{
	enum
	{
		MEASURES = 9
	};
	static const char *const names[MEASURES] = {
	    "call", "put", "delta", "delta of the put", "gamma", "vega", "theta", "vanna", "volga"};
	static const double within[MEASURES] = {8e-15, 4e-15, 8e-15, 4e-15, 8e-15,
	                                        8e-15, 8e-15, 8e-15, 8e-15};
	UnitRandom random = {20};
	size_t n = unit_repeats(20000, 500);
	double worst[MEASURES] = {0};

	for (size_t i = 0; i < n; i++)
	{
		double forward = exp(20 * unit_uniform(&random) - 5);
		double t = exp(14 * unit_uniform(&random) - 11);
		double s = exp(11 * unit_uniform(&random) - 8.5);
		double vol = s / sqrt(t);
		double strike = forward * exp(s * unit_normal(&random) * 10 * unit_uniform(&random));
		WideOption o;
		McOptionGreeks call;
		McOptionGreeks put;

		if (fabs(log(forward / strike)) / s + s / 2 > 37 || !(strike > 1e-25 && strike < 1e25))
			continue;
		o = wide_option(forward, strike, t, vol);
		mc_black76_greeks(true, forward, strike, t, vol, &call);
		mc_black76_greeks(false, forward, strike, t, vol, &put);
		{
			Wide root = wide_sqrt(t);
			Wide vega = forward * o.density * root;
			double errors[MEASURES] = {error_of(call.price, o.call),
			                           error_of(put.price, o.put),
			                           error_of(call.delta, o.above1),
			                           error_of(put.delta, -o.below1),
			                           error_of(call.gamma, o.density / (forward * root * vol)),
			                           error_of(call.vega, vega),
			                           error_of(call.theta, -vega * vol / (2 * (Wide) t)),
			                           error_of(call.vanna, -o.density * o.d2 / vol),
			                           error_of(call.volga, vega * o.d1 * o.d2 / vol)};

			for (int j = 0; j < MEASURES; j++)
				worst[j] = fmax(worst[j], errors[j]);
		}
	}
	for (int j = 0; j < MEASURES; j++)
	{
		check(worst[j] <= within[j], "%s of random options", names[j]);
		printf("# %s: worst error %.2g\n", names[j], worst[j]);
	}
}

/* Halving a step shows the derivatives, of Greeks that other derivatives give. */
static void
test_differences(void)
{
	const double f = 100;
	const double k = 108;
	const double t = 0.4;
	const double v = 0.55;
	const double h = 1e-5;
	McOptionGreeks g;
	McOptionGreeks up;
	McOptionGreeks down;

	mc_black76_greeks(false, f, k, t, v, &g);
	mc_black76_greeks(false, f * (1 + h), k, t, v, &up);
	mc_black76_greeks(false, f * (1 - h), k, t, v, &down);
	check_close((up.price - down.price) / (2 * h * f), g.delta, 1e-8, "delta");
	check_close((up.delta - down.delta) / (2 * h * f), g.gamma, 1e-8, "gamma");
	check_close((up.vega - down.vega) / (2 * h * f), g.vanna, 1e-7, "vanna");
	mc_black76_greeks(false, f, k, t, v + h, &up);
	mc_black76_greeks(false, f, k, t, v - h, &down);
	check_close((up.price - down.price) / (2 * h), g.vega, 1e-8, "vega");
	check_close((up.delta - down.delta) / (2 * h), g.vanna, 1e-8, "vanna once more");
	check_close((up.vega - down.vega) / (2 * h), g.volga, 1e-7, "volga");
	mc_black76_greeks(false, f, k, t + h, v, &up);
	mc_black76_greeks(false, f, k, t - h, v, &down);
	check_close((down.price - up.price) / (2 * h), g.theta, 1e-8, "theta");
}

static bool
is_flat(McOptionGreeks g, double price, double delta, double t)
{
	return g.price == price && g.delta == delta && g.gamma == 0 && g.vega == 0 && g.theta == 0 &&
	       g.vanna == 0 && g.volga == 0 && g.rho == (price == 0 ? 0 : -t * price);
}

static void
test_limits(void)
{
	static const double pairs[][2] = {{0, 0.5},      {1, 0},        {0, 0},
	                                  {0, INFINITY}, {INFINITY, 0}, {1e-9, 1e-9}};
	McOptionGreeks g;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
	{
		double t = pairs[i][0];
		double vol = pairs[i][1];

		mc_black76_greeks(true, 110, 100, t, vol, &g);
		check(is_flat(g, 10, 1, t), "t %g, vol %g: a call in the money", t, vol);
		mc_black76_greeks(true, 90, 100, t, vol, &g);
		check(is_flat(g, 0, 0, t), "out of the money");
		mc_black76_greeks(false, 90, 100, t, vol, &g);
		check(is_flat(g, 10, -1, t), "a put in the money");
		mc_black76_greeks(false, 110, 100, t, vol, &g);
		check(is_flat(g, 0, 0, t), "out of the money");
	}
	mc_black76_greeks(true, 100, 100, 0, 0.5, &g);
	check(g.price == 0 && g.delta == 0.5 && g.gamma == INFINITY && g.vega == 0 &&
	          g.theta == -INFINITY && g.rho == 0 && g.vanna == 0 && g.volga == 0,
	      "at the money, no time");
	mc_black76_greeks(false, 100, 100, 4, 0, &g);
	check(g.price == 0 && g.delta == -0.5 && g.gamma == INFINITY && g.theta == 0 && g.rho == 0 &&
	          is_close(g.vega, 200 / sqrt(2 * acos(-1)), 1e-15) &&
	          is_close(g.vanna, 1 / sqrt(2 * acos(-1)), 1e-15) && g.volga == 0,
	      "at the money, no vol");
	mc_black76_greeks(true, 100, 100, 1e-40, 0.5, &g);
	check(is_close(g.price, 100 * 0.5e-20 / sqrt(2 * acos(-1)), 1e-15) &&
	          is_close(g.gamma, 1 / (100 * 0.5e-20 * sqrt(2 * acos(-1))), 1e-15) &&
	          is_close(g.vega, 100e-20 / sqrt(2 * acos(-1)), 1e-15) &&
	          is_close(g.theta, -100 * 0.5 / (2e-20 * sqrt(2 * acos(-1))), 1e-15) &&
	          is_close(g.volga, -100 * 0.25 * 0.5e-60 / sqrt(2 * acos(-1)), 1e-15),
	      "at the money, hardly any time");
	mc_black76_greeks(true, 100, 100, 0, INFINITY, &g);
	check(g.price == 0 && g.delta == 0.5 && g.vega == 0 && g.theta == -INFINITY && g.vanna == 0 &&
	          g.volga == 0,
	      "no time goes before no end of vol");
	for (int i = 0; i < 2; i++)
	{
		double t = i == 0 ? INFINITY : 1;
		double vol = i == 0 ? 0.5 : INFINITY;

		mc_black76_greeks(true, 90, 100, t, vol, &g);
		check(is_flat(g, 90, 1, t), "no end of time or vol: a call is worth the forward");
		mc_black76_greeks(false, 90, 100, t, vol, &g);
		check(is_flat(g, 100, 0, t), "and a put the strike");
	}
	mc_black76_greeks(true, 1, 1e12, 1, 0.5, &g);
	check(is_flat(g, 0, 0, 1) && !signbit(g.theta) && !signbit(g.vanna) && !signbit(g.volga) &&
	          !signbit(g.rho),
	      "too far away, without a minus zero");
	mc_black76_greeks(false, 1e12, 1, 1, 0.5, &g);
	check(is_flat(g, 0, 0, 1) && !signbit(g.delta), "on the other side");
}

static void
test_not_numbers(void)
{
	static const double bad[][4] = {
	    {NAN, 1, 1, 1}, {1, NAN, 1, 1}, {1, 1, NAN, 1}, {1, 1, 1, NAN},      {0, 1, 1, 1},
	    {1, 0, 1, 1},   {-1, 1, 1, 1},  {1, -1, 1, 1},  {INFINITY, 1, 1, 1}, {1, INFINITY, 1, 1},
	    {1, 1, -1, 1},  {1, 1, 1, -1},  {1, 1, 0, NAN}, {1, 1, NAN, 0}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		McOptionGreeks g;
		bool all = true;

		mc_black76_greeks(i & 1, bad[i][0], bad[i][1], bad[i][2], bad[i][3], &g);
		for (int j = 0; j < 8; j++)
			all &= isnan((&g.price)[j]);
		check(all && isnan(mc_black76_price(i & 1, bad[i][0], bad[i][1], bad[i][2], bad[i][3])),
		      "bad input %zu", i + 1);
	}
}

/* The unit of money and the split of a variance into time and vol do not matter, in or out of the ranges. */
static void
test_units(void)
{
	UnitRandom random = {77};
	bool same = true;

	for (int i = 0; i < 2000; i++)
	{
		double f = exp(unit_normal(&random));
		double k = exp(2 * unit_normal(&random));
		double v = 0.3 + exp(unit_normal(&random));
		bool call = i & 1;
		McOptionGreeks g;
		McOptionGreeks h;

		mc_black76_greeks(call, f, k, 1, v, &g);
		mc_black76_greeks(call, ldexp(f, -600), ldexp(k, -600), 0x1p-80, ldexp(v, 40), &h);
		same &= g.price == ldexp(h.price, 600) && g.delta == h.delta &&
		        g.gamma == ldexp(h.gamma, -600) && g.vega == ldexp(h.vega, 640) &&
		        g.theta == ldexp(h.theta, 600 - 80) && g.vanna == ldexp(h.vanna, 40) &&
		        g.volga == ldexp(h.volga, 680);
		same &= g.price == ldexp(mc_black76_price(call, ldexp(f, 600), ldexp(k, 600), 1, v), -600);
	}
	check(same, "powers of two change no digit");
	/* where phi is below 1e-299; by mpmath, as the table */
	check_close(mc_black76_price(true, 1e10, 3e26, 1, 1), 1.13602476998791344e-298, 1e-8,
	            "37.4 deviations");
	check_close(mc_black76_price(true, 1e10, 4.5e26, 1, 1), 2.61589467332373066e-305, 2e-4,
	            "37.8 deviations");
	check_close(mc_black76_price(true, 1e-300, 1e300, 1, 60), 9.99999999998255088e-301, 1e-14,
	            "600 decimals apart");
	check(mc_black76_price(true, 5e-324, DBL_MAX, 1, 200) == 0 &&
	          mc_black76_price(false, 5e-324, DBL_MAX, 1, 0.2) == DBL_MAX,
	      "the ends of the range");
}

void
test_black(void)
{
	test_listed();
	test_references();
	test_random();
	test_differences();
	test_limits();
	test_not_numbers();
	test_units();
}
