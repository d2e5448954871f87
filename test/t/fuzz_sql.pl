# Every function, aggregate and window function of the extension, called with edge values in every
# place. Passes when the connection is never lost, no internal error (SQLSTATE XX...) reaches the
# user, nothing runs into the time limit, and no NaN or infinity comes out of finite input, nor out
# of any calibration.
#   FUZZ_CALLS   how many calls (48000)       FUZZ_SEED   another sequence (1)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Psql;
use List::Util qw(min);
use Test::More;
use Time::HiRes qw(time);

my $calls = $ENV{FUZZ_CALLS} || 48000;
my $seed = $ENV{FUZZ_SEED} || 1;
srand($seed);

my $database = 'fuzz_sql';
my $setup = Psql->fresh($database);
open(my $fixtures, '<', "$FindBin::Bin/lib/fuzz_fixtures.sql") or die $!;
$setup->rows(do { local $/; <$fixtures> });

# --- literals -------------------------------------------------------------------------------

sub pick { return $_[ int rand @_ ]; }
sub quote { my ($s) = @_; $s =~ s/'/''/g; return "'$s'"; }

my @float8 = qw(0 -0 1 -1 0.5 2 1e308 -1e308 1.7976931348623157e308 5e-324 2.2e-308 1e-300 -1e-300
  NaN Infinity -Infinity 0.99 1.0000000000000002 0.9999999999999999 3.14159 1e-17 1e15 NULL);
my @float8_array = (
	'{}', '{NULL}', '{0}', '{1}', '{1,2}', '{1,NULL,2}', '{NULL,NULL}', '{NaN,1}', '{Infinity,1}',
	'{-Infinity,Infinity}', '{1e308,1e308,1e308}', '{1e308,-1e308}', '{5e-324,2.2e-308}',
	'[0:2]={1,2,3}', '[-5:-3]={3,2,1}', '{{1,2},{3,4}}', '{{{1}}}', '[2:3][4:5]={{1,2},{3,4}}',
	'{3,1,2,2,2}', '{-0,0}', '{0.99,0.5}', '{0.975,0.99,0.99}', '{1e-300,1e300,1e-300,1e300}',
	'{100,101,102,101,100,99,98,120,60}', 'NULL');
my %edge = (
	'double precision' => \@float8,
	'double precision[]' => \@float8_array,
	real => \@float8,
	numeric => [qw(0 -0 1 -1 0.5 1e130 -1e130 1e-130 NaN Infinity -Infinity 123456789.123456789 NULL)],
	integer => [qw(0 1 -1 2 3 250 100000 65536 1000000000 2147483647 -2147483648 NULL)],
	bigint => [qw(0 1 -1 2 250 9223372036854775807 -9223372036854775808 NULL)],
	smallint => [qw(0 1 -1 32767 -32768 NULL)],
	boolean => [qw(true false NULL)],
	text => [
		'', 'x', '\'', '\\', '%s%n%1$s', 'éß漢🙂', 'crypto_venue', 'new_product', 'type7', 'linear', 'LINEAR',
		'inverse', 'spot', 'trigger', 'watermark', 'reader', 'engine', 'BTC', 'alice', '* * * * *', '0 0 * * *',
		'public', 'hostile_schema', "a\tb", 'a"b', 'pg_catalog', 'USD', '{}', 'LONG', 'NULL'
	],
	name => [qw(instrument ts price account quantity ctid tableoid xmin nosuch NULL hostile_role postgres),
		'', 'We ird', 'a\'b"c', 'LONG'],
	'timestamp with time zone' => ['-infinity', 'infinity', '4714-11-24 00:00:00+00 BC',
		'294276-12-31 23:59:59.999999+00', '2024-02-29', 'epoch', '2000-01-01', '2026-03-29 02:30 Europe/Berlin', 'NULL'],
	'timestamp without time zone' => ['-infinity', 'infinity', '2024-02-29', 'NULL'],
	date => ['-infinity', 'infinity', '4714-11-24 BC', '2024-02-29', 'NULL'],
	interval => ['0', '-1 day', '178000000 years', '-178000000 years', '1 mon -1 day', '1 day', '1 hour',
		'00:00:00.000001', '2147483647 days', 'NULL'],
	jsonb => ['null', '{}', '[]', '{"a":1}', '[{"instrument":"BTC","quantity":1e400}]', '[{"instrument":null}]',
		'[{"instrument":"BTC","quantity":-2}]', 'DEEP', 'NULL'],
	'text[]' => ['{}', '{NULL}', '{jump_bound}', '{bar_interval,stale_after}', '{confidence}',
		'{{jump_bound},{x}}', '[0:1]={a,b}', 'NULL'],
	'integer[]' => ['{}', '{NULL}', '{0}', '{1,2147483647}', '[0:1]={1,2}', '{{1,2},{3,4}}', 'NULL'],
	'name[]' => ['{}', '{NULL}', '{instrument}', 'NULL'],
	regclass => ['good', 'good', 'parted', 'plain_view', 'empty', 'odd_types', 'guarded', 'snapshot', 'good_pkey',
		'counter', 'row_type', 'stranger', '"We ird"', 'dropped', 'book', 'book', 'pg_catalog.pg_class', 'no_rows_view',
		'0', '999999999', 'pg_catalog.pg_toast_1255', 'margin_calib.user_policy', 'inherited', 'unlogged', 'text_prices', 'NULL'],
	oid => [qw(0 1 4294967295 NULL)],
	'numeric[]' => ['{}', '{NULL}', '{1}', '{5,3}', '{3,5}', '{100}', '{100,NULL}', '{NaN}', '{0.5}', '{{1,2},{3,4}}', '{1e130}', 'NULL'],
	'margin_calib.margin_tier[]' => ['{}', '{NULL}', '{"(0,0.1,0.05)"}', '{"(0,0.1,0.05)","(100,0.5,0.2)"}', '{"(0,0.1,0.05)","(100,0.05,0.02)"}',
		'{"(,,)"}', '{"(NaN,1,1)"}', '{"(0,1e-130,1e-130)","(1e130,1,1)"}', '{{"(0,1,1)"},{"(1,1,1)"}}', 'NULL'],
	'margin_calib.contract' => ['(X,deribit,option,inverse,call,BTC,USD,BTC,2036-06-27,80000,1,1,"00:30:00",,coin)', '(P,,perpetual,linear,,BTC,USDT,USDT,,,1,1,,"08:00:00",)',
		'(Q,,option,quanto,put,BTC,USD,BTC,infinity,NaN,1e308,-1,,,)', '(,,,,,,,,,,,,,,)', 'NULL'],
	'margin_calib.svi' => ['(0.04,0.1,-0.3,0,0.1)', '(0.02,0.1,0.3,2,0.01)', '(0.09,0,0,0,1)', '(0,0,0,0,1)', '(0.01,1.05,-0.95,0,0.2)', '(0.01,0.97,-0.95,0,0.2)',
		'(0,0.3,-0.9,0.2,1e-4)', '(1e308,1e308,0,0,1)', '(5e-324,5e-324,0,0,5e-324)', '(0,1e308,0.5,1e308,1e308)', '(-0.04,0.1,0,0,0.1)', '(0.04,0.1,1,0,0.1)',
		'(NaN,0.1,0,0,0.1)', '(,,,,)', 'NULL'],
	'margin_calib.surface_settings' => ['(currency,0,"01:00:00",1,5,0,0,0)', '(coin,0.05,"365 days",0.5,3,0.0005,1,10)', '(currency,NaN,"-1 s",0,2,-1,-1,NaN)', '(,,,,,,,)', 'NULL'],
	'margin_calib.contract_market' => ['(100,,0.6,0.05,1,f,,0,1,0,0)', '(90000,89000,0.6,0,90000,t,88000,0.5,0.9,0.1,0.05)', '(1e308,1e308,20,10,1e308,t,1e308,1,0,1,1)', '(5e-324,,0,,,,,,,,)',
		'(NaN,,-1,NaN,0,,,2,2,2,2)', '(,,,,,,,,,,)', 'NULL'],
	'margin_calib.margin_method' => ['(worst,,,1,0.5,,)', '(expected_shortfall,0.99,0.975,,,0.4,"{""(a,notional,0.1,0.05,,,{option})"",""(b,naked_short,1,1,,,)"",""(c,contingency,1,1,2,,)"",""(d,confidence,1,1,,0.5,)"",""(e,haircut,,,,,)""}")',
		'(value_at_risk,0.5,0.9,1e308,1e308,"{""(f,short_minimum,1e308,1,,,)"",""(g,delta_minimum,1,1,1e308,,)"",""(h,vega,1,1,,,{})""}")', '(x,NaN,2,-1,,{NULL})', '(,,,,,)', 'NULL'],
	'margin_calib.scenario_recipe' => ['(r,plain,"{""factors"": {""X"": ""A""}, ""scenarios"": 5, ""horizon"": 1}",,,30,2026-01-01,x,,)',
		'(r,correlation,"{""factors"": {""X"": ""A"", ""Y"": ""B""}, ""lookback"": 20, ""horizon"": 1, ""stress"": 1, ""deviations"": [3], ""breakdowns"": [""apart""]}",,,1,2026-01-01,x,,)', '(r,macro,{},{},{},0,,,,)', '(,,,,,,,,,)', 'NULL'],
	'margin_calib.scenario_set' => ['(s,1,"{""(up,0.1,,0.2,,,,,)"",""(down,-0.1,,-0.2,absolute,,0.5,t,)"",""(c,0.05,,,,,,,t)""}",,,)',
		'(r,,"{""(a,1,range,1,range,,,,)"",""(b,,,,,linear,,t,)"",""(c,-2,range,-1,range,absolute,0.35,,)""}","(1,0.15,0.5,0.25,,30,1,0.3,0.13,0.4,""(0.25,-0.1,0.01,4,0.6,)"",,0.95,1,0.16,1.05,1,0.16)","{""(BTC,)""}",)',
		'(h,2147483647,"{""(a,1e308,absolute,1e308,,,1e308,,)"",""(b,-1e308,,-1,range,,5e-324,,)""}","(-1e308,1e308,1e308,1e308,absolute,1e-9,1e6,10,-10,1e308,,,0,1e308,0,0,0,0)",,)',
		'(z,-1,"{NULL}",,,)', '(,,{},,,)', '(e,1,{},,,)', 'NULL'],
	'margin_calib.engine_holding[]' => ['{}', '{"(alice,A,1,0,,,)"}', '{"(alice,A,-1e308,0,1,100,0.01)","(bob,x,NaN,1,,,)"}', 'NULL'],
	'margin_calib.what_if_trade[]' => ['{}', '{"(A,1,,)"}', '{"(A,-2,100,1)","(B,1e-17,,)"}', '{"(,NaN,-1,)"}', 'NULL'],
	'margin_calib.engine_model[]' => ['{"(alice,paradex,USD)"}', '{"(before,,USD)","(after,,USD)"}', '{}', 'NULL'],
	'margin_calib.engine_model' => ['(alice,paradex,USD)', '(alice,,USD)', '(,,)', 'NULL'],
	'margin_calib.account_collateral[]' => ['{}', '{}', 'NULL'],
	'margin_calib.order_check' => ['(t,,alice,USD,1,1,1,0,2026-01-01,f,)', '(f,why,alice,USD,1,1,1,0,2026-01-01,f,)', '(,,,,,,,,,,)', 'NULL'],
	'margin_calib.risk_vector' => ['\\x', '\\x01', 'NULL'],
	'margin_calib.vix_term' => ['(ok,0.05,0,0.16,100,100,5,80,120,10)', '(ok,0.1,0,0.09,100,100,5,80,120,10)', '(ok,1e-300,0,1e300,1,1,3,1,1,4)', '(ok,1e308,0,1e308,1,1,3,1,1,4)',
		'(ok,-1,0,-1,1,1,3,1,1,4)', '(ok,NaN,0,Infinity,1,1,3,1,1,4)', '(,,,,,,,,,)', 'NULL'],
	'margin_calib.vol_surface' => ['(,,)', '(2026-01-01,{},{})', '(infinity,"{NULL,""(,,,,,,,,,,,,,,,,,,,,,,)""}","{NULL,""(,,,,,,,,,)""}")',
		'(2026-01-01,"{""(2026-07-01,0.5,100,quoted,svi,0.02,0.1,-0.3,0,0.1,0.25,5,2,-0.3,0.3,,,,,,,fitted,)"",""(2027-01-01,1,100,quoted,svi,0.05,0.1,-0.3,0,0.1,0.25,5,2,-0.3,0.3,,,,,,,failed,<&)""}",'
		  . '"{""(2026-07-01,90,put,-0.1,0.2,0.3,0.25,,1,)"",""(2026-07-01,110,call,0.1,,1e308,NaN,,1,wide)""}")',
		'(2026-01-01,"{""(infinity,1e308,1e308,,,1e308,1e308,0,1e308,1e308,1e308,2147483647,-2147483648,-1e308,1e308,,,,,,-infinity,fallback,)"",'
		  . '""(-infinity,5e-324,5e-324,,,5e-324,5e-324,0,-5e-324,5e-324,5e-324,0,0,5e-324,5e-324,,,,,,,,)""}",)', 'NULL'],
);

# Square ones: definite, not quite, not at all, singular, far from 1, and of a size where loops are blocked.
my @matrices = (
	'{{1}}', '{{4,1},{1,9}}', '{{1,0.9,0.1},{0.9,1,0.9},{0.1,0.9,1}}', '{{1,1},{1,1}}', '{{2,-1,0},{-1,2,-1},{0,-1,2}}',
	'{{0,0},{0,1}}', '{{0,0},{0,0}}', '{{1e308,1e307},{1e307,1e308}}', '{{1e-320,0},{0,1e300}}', '{{5e-324,5e-324},{5e-324,5e-324}}',
	'{{1,-0.6,-0.6},{-0.6,1,-0.6},{-0.6,-0.6,1}}', 'MATRIX');
# What makes a call go past the argument checks, by argument name.
my %plausible = (
	confidence => [qw(0.5 0.9 0.975 0.99 0.999)],
	confidences => ['{0.99}', '{0.9,0.975,0.99}'],
	bars => [qw(2 3 5 30)],
	periods_per_year => [qw(1 252 365 8760)],
	quantile_type => [qw(type1 type2 type3 type4 type5 type6 type7 type8 type9 linear hazen)],
	relation => [qw(good parted plain_view guarded book unlogged inherited dropped empty), '"We ird"'],
	instrument => [qw(instrument BTC A A NULL)], underlying => [qw(A B)], underlyings => ['{A}'], feed_id => [1, 3, 5], proxy => [qw(B C)], borrower => [qw(A C)],
	ts => ['ts', '2024-02-29'], price => [qw(price 100)],
	account => [qw(account alice)], quantity => ['quantity'],
	policy => [qw(crypto_venue prop_desk futures_clearing new_product)], policies => ['{prop_desk}', '{crypto_venue,new_product}'],
	new_product_policy => ['new_product'], based_on => ['crypto_venue'], changes => ['{"buffer": 0.1}', '{}'], history => ['1 year'], keep => [1, 7],
	name => ['crypto_venue', 'mine', 'derive', 'history', 'okx_mr9'], policy_name => [qw(crypto_venue prop_desk)], capture => [qw(trigger watermark)], kind => [qw(spot linear inverse call put C P positions)],
	group_name => ['mine'], groups => ['{mine}'], subperiods => [qw(1 2 4)], cap => [qw(0 0.5 0.8)], breakdown => [qw(calibrated worst)],
	correlation => ['NULL', 'NULL', '{{1,0.5},{0.5,1}}', @matrices], symbol => [qw(BTC-PERPETUAL BTC-26JUN26-80000-C)], venue => [qw(NULL deribit)], asset => ['instrument', 'A', 'A'], margins => ['{1}', '{1,-2}', '{3,-1,2}'],
	schema => ['hostile_schema'], role => ['hostile_role'], rights => [qw(reader engine)],
	schedule => ['* * * * *'], multiplier => [qw(1 0.001)], currency => [qw(USD NULL NULL)],
	measure => [qw(expected_shortfall value_at_risk level concentration liquidation_horizon)], within => ['1 day', 'NULL', 'NULL'], severity => ['warning'], accounts => ['NULL'], model => [qw(historical filtered_historical)],
	prices => ['{100,101,99,102,98,103}'], returns => ['{0.01,-0.02,0.005,0.03,-0.01,0}'],
	column_name => [qw(instrument ts price account quantity)], instruments => ['{A,B}', '{A,B,C}', '{x}'], keys => ['{A,B}'],
	bar_interval => ['1 hour'], maximum_age => ['1 hour', '1 day'],
	lambda => [qw(0.5 0.94 0.97)], decay => [qw(0.5 0.98 1)], level => [qw(0.5 0.9 0.95)], significance => [qw(0.01 0.05 0.5)],
	probability => [qw(0.01 0.25 0.5 0.9)], tail_fraction => [qw(0.1 0.3 0.9)], replications => [qw(99 200 1000)],
	paths => [qw(100 1000)], observations => [qw(50 250 500)], exceptions => [qw(0 4 20)], first_exception => [qw(1 30)],
	lags => [qw(1 2 5)], fitted_parameters => [qw(0 1)], levels => [qw(1 2 4 8)], size => [qw(16 17 300 65536)],
	k => [qw(1 2 10)], max_k => [qw(2 20)], horizon => [qw(1 5 30)], blocks => [qw(2 10 1000)], block_length => [qw(1 2.5 10)],
	threshold => [qw(-1 0 0.1 0.5 1 99)], thresholds => ['{0,1}', '{-100,0.5,99}'], target => [qw(0 0.01)], risk_free_rate => [qw(0 0.01)],
	degrees_of_freedom => [qw(1 2.5 4 30)], location => [qw(0 1)], scale => [qw(0.5 1 20)], skewness => [qw(-0.5 0 0.5)],
	excess_kurtosis => [qw(0 1 5)], mean => [qw(0 1)], standard_deviation => [qw(0 1)], tolerance => [qw(1e-8 0.01)],
	omega => [qw(0.01 1e-6)], alpha => [qw(0 0.1)], beta => [qw(0 0.5 0.85)], gamma => [qw(0 0.05)], mu => [qw(0 0.001)],
	next_variance => [qw(0.5 1)], variance => [qw(0.5 1)], step => [qw(0.01 0.5)], pit => [qw(0.001 0.3 0.99)],
	weight => [qw(0 1 2.5)], seed => [qw(1 42)], value_at_risk => [qw(0.5 1 2)], expected_shortfall => [qw(1 2.5)],
	values_at_risk => ['{1,2}', '{0.5,1,1.5}'], weights => ['{1,2}', '{1,1,-1}'], means => ['{0,0.1}', '{0,0,0}'],
	covariance => \@matrices, matrix => \@matrices,
	tiers => ['{"(0,0.1,0.05)"}', '{"(0,0.1,0.05)","(100,0.5,0.2)"}'], upper_bounds => ['{}', '{100}'], leverages => ['{5}', '{5,3}'],
	from_ts => ['2024-01-01'], until_ts => ['2200-01-01'], rate => [qw(0 0.02 1)], event => [1], price_instrument => ['A'], until => ['2024-01-01'],
	spread => [qw(0.001 quantity)], volume => [qw(100 quantity)], open_interest => [qw(100 quantity)], volume_per => [qw(day row)],
	strike => [qw(50 100 150)], forward => [100], delta => [qw(0.1 0.25 0.5)], t => [qw(0.05 1)], bid => [qw(1 2)], ask => [qw(2 3)], days => [qw(30 200)],
	proposal => [4 .. 6], reason => ['why'], initial_rate => [0.5], maintenance_rate => ['0.1', 'NULL'], ends_at => ['2200-01-01'], starts_at => ['NULL'],
	factors => ['{A,B}', '{A,B,C}', '{A,B}', '{"X": "A", "Y": "B"}'], content => ['{"scenarios": [{"price_shock": -0.1}]}'], data_through => ['2024-02-29', 'NULL'], shocks => ['[{"label": "a", "price_shock": -0.2, "vol_shock": 0.5}, {}]'],
	betas => ['{"X": 1.5, "Y": {"price": 2, "vol": 0.5}, "*": 0}'], macro => [qw(A B)], lookback => [qw(20 25)], scenarios => [qw(1 5 20), '[{"price_shock": -0.1}]'], scenario_set => [qw(paradex span)], trades => ['[]', '[{"instrument": "A", "quantity": 1}]', '{"(A,1,,)"}'], parameters => ['{}'], stage => [1], key => ['instrument'], stages => ['[{"below": 0.9, "haircut": 0.5}]', '[]'], dwell => ['1 hour'],
	positions => ['SELECT 1 AS account, 1 AS instrument, 0 AS quantity'], vectors => ['SELECT 1 AS instrument, NULL::margin_calib.risk_vector AS vector'], law => ['NULL', '{}'], deviations => ['{3}', '{1,2}'], stress => [qw(0 0.5 1)],
	breakdowns => ['{together,apart,opposed}', '{opposed}'], vols => ['{0.1,0.2}', '{0.1,0.2,0.3}'], stablecoin => ['USDT'], depths => ['{0.01,0.13}'], falls => ['{0.15}', '{}'], unmoved => ['{USDC}', '{}'],
	lowest => [-0.99, -0.5], assets => ['{A,B}', '{A,B,C}'], deltas => ['{1,-2}', '{3,-1,-5}'], count => [qw(1 2 3)], most => [qw(1 5 100)], arguments => ['{orders,true,account,instrument,quantity,"",book}', '{"factors": {"X": "A"}, "scenarios": 5, "horizon": 2, "lambda": 0.9, "macro": "A", "shocks": [{"price_shock": -0.1}], "lookback": 20, "lowest": -0.9, "deviations": [3], "stress": 0.5, "breakdowns": ["together"]}'],
	averaging_window => ['1 day'], stale_after => ['1 day'], participation => [0.1], maximum_horizon => [60], factor => [4],
	average_daily_volume => [100], sources => [2], age => [10], width => [0.01], applies_to => [qw(initial both)], which => [qw(initial maintenance)],
);
# texts that choose a variant: what the catalogue's comments name
my %variants = (
	estimator => [qw(close_to_close close_to_close_zero_mean parkinson garman_klass garman_klass_yang_zhang rogers_satchell yang_zhang)],
	model => [qw(garch gjr garch_t gjr_t historical filtered_historical)], presample => [qw(backcast sample_variance)],
	standard_errors => [qw(none hessian opg qml)], filter => [qw(ewma garch gjr garch_t gjr_t)], rule => [qw(intersection previous refresh_time)],
	method => [qw(acerbi_tasche order_statistic below_var empyrical maximum_likelihood pwm percentile basic bca)], block => [qw(stationary circular moving)],
	premium => [qw(currency coin)], statistic => [qw(z1 z2 z3)], convention => [qw(population sample)], standard_error_method => [qw(mertens lo)],
);
my @policies = qw(crypto_venue futures_clearing prop_desk new_product);
my @policy_fields = $setup->rows(
	q{SELECT attname || '|' || format_type(atttypid, NULL) FROM pg_attribute
	  WHERE attrelid = 'margin_calib.margin_policy'::regclass AND attnum > 0 ORDER BY attnum});

sub policy_literal
{
	my $p = sprintf "margin_calib.policy('%s')", pick(@policies);
	my $r = rand;
	return 'NULL::margin_calib.margin_policy' if $r < 0.02;
	return q{jsonb_populate_record(NULL::margin_calib.margin_policy, '{}')} if $r < 0.04;
	# short windows, so that a few dozen prices give a calibration
	my %fields = rand() < 0.8 ? (confidence => pick(0.5, 0.8, 0.9), min_returns => pick(1, 2, 5), lookback => pick(15, 40),
		stress_window => pick(3, 5, 20), floor_lookback => pick(0, 3, 30), evt_tail => 0.5, refit_interval => pick(1, 7, 15),
		model => pick('historical', 'gjr_historical + filtered_evt(0.9) > normal', 'garch_t_student_t > weighted_historical', 'evt + filtered_normal > historical')) : ();
	$fields{horizon} = pick(1, 2, 3) if rand() < 0.3;
	if (rand() < 0.5)
	{
		my ($field, $type) = split /\|/, pick(@policy_fields);
		my $value = pick(@{ $edge{$type} // ['NULL'] });
		$value = 'x' x 200 if $value eq 'LONG';
		$fields{$field} = $value;
	}
	my $json = join ', ', map {
		my $v = $fields{$_};
		$v =~ s/(["\\])/\\$1/g;
		$v =~ s/\t/ /g;
		$v eq 'NULL' ? "\"$_\": null" : "\"$_\": \"$v\""
	} sort keys %fields;
	return "jsonb_populate_record($p, " . quote("{$json}") . ')';
}

# Types of the extension: an aggregate that returns one, over rows of fuzz_row. At times with a changed field, or
# with a changed letter of its text.
my (%producers, %is_composite);
my $depth = 0;
my $in_rows = 0; # arguments for each row of a table: no long ones

sub produced
{
	my ($type) = @_;
	my $f = pick(grep { $depth < 2 || !$producers{ $_->{types}[0] } } @{ $producers{$type} });
	my $source = pick(100, 101, 102, 103, 1 + int rand 12);
	$depth++;
	my $made = sprintf '(SELECT %s(%s) FROM fuzz_row WHERE id = %d)', $f->{call}, row_arguments($f), $source;
	$depth--;
	my $r = rand;
	return $made if $r < 0.7;
	if ($is_composite{$type})
	{
		my ($field, $field_type) = split /\|/, pick(@{ $is_composite{$type} });
		my $value = pick(@{ $edge{$field_type} // ['NULL'] });
		$value = $value eq 'NULL' || $value eq 'LONG' || $value eq 'DEEP' || $value =~ /[\\"\t]/ ? 'null' : "\"$value\"";
		return "pg_catalog.jsonb_populate_record($made, " . quote("{\"$field\": $value}") . ')';
	}
	my $letter = pick('0', '9', ',', '-', ' ', '', 'e', '(', '}', '1e999', 'NaN');
	return sprintf '(SELECT pg_catalog.overlay(t, %s, 1 + %d %% (1 + pg_catalog.length(t)), %d)::%s FROM (SELECT %s::text AS t) AS u)',
	  quote($letter), int rand 1e6, pick(0, 1, 1, 3), $type, $made;
}

sub literal
{
	my ($type, $name) = @_;
	return produced($type) if $producers{$type} && $depth < 2 && rand() < 0.9;
	return quote(pick(@{ $variants{$name} })) . '::text' if defined $name && $type eq 'text' && $variants{$name} && rand() < 0.8;
	return quote($name) . '::name' if $type eq 'name' && $name =~ /^(instrument|ts|price|account|quantity)$/ && rand() < 0.8;
	return pick('1.5::numeric', 'NULL::text', q{'x'::text}) if $type eq 'anyelement';
	return pick(q{'quantity'::name}, 'NULL::name') if $type eq 'name' && $name =~ /^(spread|volume|open_interest|price_(sources|age|width))$/ && rand() < 0.9;
	return pick(q{'quantity'::name}, q{'price'::name}, 'NULL::name') if $type eq 'name' && $name =~ /^(bid|ask|mark|forward|strike)$/ && rand() < 0.9;
	return quote({ underlying => 'instrument', kind => 'instrument', expiry => 'ts' }->{$name}) . '::name' if $type eq 'name' && $name =~ /^(underlying|kind|expiry)$/ && rand() < 0.9;
	return quote(pick('{"X": "A"}', '{"X": "A", "Y": {"price": "B", "vol": "C"}}', '{"X": "A", "Y": 0.5}')) . '::jsonb' if $type eq 'jsonb' && $name eq 'factors' && rand() < 0.9;
	return policy_literal() if $type eq 'margin_calib.margin_policy';
	# rows that only refresh makes
	return pick(q{'{}'}, q{'{}'}, q{'{}'}, 'NULL') . "::$type" if $type =~ /^margin_calib\.(account_position|asset_price|account_collateral|account_offset|portfolio_requirement|requirement|engine_\w+)\[\]$/ && !$edge{$type};
	return 'ARRAY[' . policy_literal() . ']' if $type eq 'margin_calib.margin_policy[]';
	return '(SELECT f FROM margin_calib.feed AS f WHERE id = ' . pick(1, 2, 3, 5) . ')' if $type eq 'margin_calib.feed';
	return '(SELECT q FROM margin_calib.quote_feed AS q LIMIT 1)' if $type eq 'margin_calib.quote_feed';
	return q{(SELECT g FROM margin_calib.product_group AS g WHERE name = 'mine')} if $type eq 'margin_calib.product_group';
	return sprintf q{margin_calib.scenario_pnl(%s::margin_calib.contract, %s::margin_calib.contract_market, '2026-01-01', %s::margin_calib.scenario_set)},
	  map { quote(pick(@{ $edge{"margin_calib.$_"} }[0, 1])) } qw(contract contract_market scenario_set) if $type eq 'margin_calib.risk_vector' && rand() < 0.95;
	return '(SELECT r FROM margin_calib.alert_rule AS r)' if $type eq 'margin_calib.alert_rule';
	my $value;
	if (defined $name && $plausible{$name} && rand() < 0.75)
	{
		$value = pick(@{ $plausible{$name} });
		$value = "{$value}" if $type =~ /\[\]\z/ && $value !~ /\A[{\[]|\A(NULL|MATRIX)\z/;
	}
	elsif ($edge{$type})
	{
		$value = pick(@{ $edge{$type} });
	}
	else
	{
		return "NULL::$type";
	}
	return "NULL::$type" if $value eq 'NULL';
	# not minutes of honest work: the tests of cancels have those
	$value = 2000 if $value =~ /^(65536|100000)$/ && defined $name && $name =~ /^(replications|paths)$/;
	return "pg_catalog.repeat('A', 100000)::$type" if $value eq 'LONG';
	return sprintf '(SELECT pg_catalog.array_agg(a ORDER BY i) FROM (SELECT i, pg_catalog.array_agg(1.0::float8 / (1 + pg_catalog.abs(i - j)) ORDER BY j) AS a'
	  . ' FROM pg_catalog.generate_series(1, %1$d) AS i, pg_catalog.generate_series(1, %1$d) AS j GROUP BY i) AS u)', pick(8, 9, 33) if $value eq 'MATRIX';
	return "(pg_catalog.repeat('[', 500) || pg_catalog.repeat(']', 500))::$type" if $value eq 'DEEP';
	return "(SELECT pg_catalog.array_agg(100 + pg_catalog.sin(i)) FROM pg_catalog.generate_series(1, 3000) AS i)"
	  if $type eq 'double precision[]' && !$in_rows && rand() < 0.1;
	# a value of another type, for a named argument that functions use in two ways
	$value = pick(@{ $edge{$type} }) if defined $name && $edge{$type} && !fits($value, $type);
	return "NULL::$type" if $value eq 'NULL' || $value eq 'LONG' || $value eq 'DEEP';
	return quote($value) . "::$type";
}

sub fits
{
	my ($value, $type) = @_;
	return $value =~ /\A[-+0-9.eE]+\z|\ANaN\z|Infinity\z/ if $type =~ /^(double precision|numeric|real)$/;
	return $value =~ /\A-?\d+\z/ if $type =~ /^(integer|bigint|smallint)$/;
	return $value =~ /\A(-infinity|infinity|epoch|\d)/ if $type =~ /^(timestamp|date)/;
	return 1;
}

# --- calls ----------------------------------------------------------------------------------

my @frames = (
	'', 'ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW', 'ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING',
	'ROWS BETWEEN 5 FOLLOWING AND 7 FOLLOWING', 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
	'RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING', 'GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING');
my @exclude = ('', '', '', 'EXCLUDE CURRENT ROW', 'EXCLUDE GROUP', 'EXCLUDE TIES');

sub window
{
	my $frame = pick(@frames);
	$frame .= ' ' . pick(@exclude) if $frame ne '';
	return sprintf 'OVER (%s ORDER BY %s %s)', pick('', 'PARTITION BY g'), pick('o', 'ord'), $frame;
}

sub row_arguments
{
	my ($f) = @_;
	my @arguments;
	$in_rows++;
	for my $i (0 .. $#{ $f->{types} })
	{
		my ($type, $name) = ($f->{types}[$i], $f->{names}[$i]);
		my $first = $i == 0 || ($f->{types}[0] =~ /^timestamp/ && $i == 1);
		if ($first && rand() < 0.9)
		{
			my $column = $type =~ /^timestamp/ ? pick('ts', 'ts', 'ts', 'late') : 'x';
			push @arguments, $producers{$type} ? produced($type)
			  : $type eq 'double precision[]' ? pick('ARRAY[x, o]', 'ARRAY[x, o, ord]', 'ARRAY[x]')
			  : $type eq 'boolean' ? 'x > 0.5'
			  : $type =~ /^(double precision|timestamp with time zone)$/ ? $column : "$column\::$type";
		}
		# other columns of data
		elsif ($type eq 'double precision' && rand() < ($plausible{$name} ? 0.05 : 0.5))
		{
			push @arguments, pick('x', 'o', 'ord', '1 + o');
		}
		elsif (rand() < 0.1)
		{
			push @arguments, sprintf 'CASE WHEN ord %% 2 = 0 THEN %s ELSE %s END',
			  literal($type, $name), literal($type, $name);
		}
		else
		{
			push @arguments, literal($type, $name);
		}
	}
	$in_rows--;
	return join ', ', @arguments;
}

sub text_of
{
	my ($select) = @_;
	return "SELECT CASE WHEN v ~ 'NaN' THEN 'not finite, nan' WHEN v ~ 'Infinity' THEN 'not finite' ELSE 'finite' END FROM"
	  . " (SELECT pg_catalog.string_agg(t.v::text, ' ') AS v FROM ($select) AS t) AS u";
}

my ($data_count, %finite_data);
for ($setup->rows('SELECT id || \' \' || bool_and(finite) FROM fuzz_row GROUP BY id'))
{
	my ($id, $finite) = split / /;
	$finite_data{$id} = $finite eq 'true';
}
$data_count = keys %finite_data;

sub call
{
	my ($f) = @_;
	my $source = 1 + int rand $data_count;
	my $from = "FROM fuzz_row WHERE id = $source";
	if ($f->{kind} eq 'w')
	{
		my $arguments = row_arguments($f);
		return { sql => text_of("SELECT $f->{call}($arguments) " . window() . " AS v $from"), source => $source };
	}
	if ($f->{kind} eq 'a')
	{
		my $inside = row_arguments($f);
		my $form = int rand 8;
		my $filter = rand() < 0.2 ? pick('FILTER (WHERE ord % 2 = 0)', 'FILTER (WHERE false)', 'FILTER (WHERE x > 0)') : '';
		my $sql;
		if ($form >= 4) { $sql = "SELECT $f->{call}($inside) $filter " . window() . " AS v $from"; }
		elsif ($form == 3) { $sql = "SELECT $f->{call}(DISTINCT $inside) $filter AS v $from"; }
		elsif ($form == 2) { $sql = "SELECT $f->{call}($inside ORDER BY " . pick('x', 'o DESC', 'ts NULLS FIRST') . ") $filter AS v $from"; }
		elsif ($form == 1) { $sql = "SELECT $f->{call}($inside) $filter AS v $from GROUP BY g"; }
		else { $sql = "SELECT $f->{call}($inside) $filter AS v $from"; }
		return { sql => text_of($sql), source => $source };
	}
	# trailing defaulted arguments are left out at times
	my $n = @{ $f->{types} };
	$n -= rand() < 0.3 ? $f->{defaults} : int rand($f->{defaults} + 1) if $f->{defaults} && rand() < 0.5;
	$n = @{ $f->{types} } if grep { $_ eq 'paths' } @{ $f->{names} }; # a million
	my $arguments = join ', ', map { literal($f->{types}[$_], $f->{names}[$_]) } 0 .. $n - 1;
	return { sql => "CALL $f->{call}($arguments)", transaction => 1 } if $f->{kind} eq 'p';
	return {
		sql => text_of("SELECT v FROM $f->{call}($arguments) AS v"),
		transaction => $f->{volatile}
	};
}

# --- what there is to call ------------------------------------------------------------------

my @functions;
for (
	$setup->rows(
		q{SELECT concat_ws('|', p.oid, p.oid::regproc, p.prokind, p.provolatile, p.pronargdefaults,
		         (SELECT coalesce( string_agg(CASE WHEN t = 'internal'::regtype THEN 'internal' ELSE format_type(t, NULL) END, ';' ORDER BY o), '')
		            FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(t, o)),
		         coalesce(array_to_string(p.proargnames[1:p.pronargs], ';', ''), ''), p.prorettype = 'trigger'::regtype, format_type(p.prorettype, NULL))
		    FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		    JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
		   WHERE e.extname = 'margin_calib' AND p.prokind IN ('f', 'a', 'w', 'p')
		     AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
		   ORDER BY p.oid::regprocedure::text}))
{
	my ($oid, $call, $kind, $volatile, $defaults, @rest) = split /\|/, $_, -1;
	my $returns = pop @rest;
	my $trigger = pop @rest;
	my ($types, $names) = @rest;
	push @functions,
	  {
		call => $call, kind => $kind, volatile => $volatile eq 'v', defaults => $defaults,
		types => [ split /;/, $types ], names => [ split /;/, $names ], trigger => $trigger eq 't',
		label => "$call($types)", states => {}
	  };
	push @{ $producers{$returns} }, $functions[-1] if $kind eq 'a' && $returns =~ /^margin_calib\.\w+$/;
}
for my $type (keys %producers)
{
	my @fields = $setup->rows("SELECT attname || '|' || format_type(atttypid, NULL) FROM pg_attribute"
		  . " WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = '$type'::regtype) AND attnum > 0 ORDER BY attnum");
	$is_composite{$type} = \@fields if @fields;
}
$setup->close;
cmp_ok(scalar @functions, '>', 10, 'there are functions to call: ' . @functions);
note "seed $seed, $calls calls, $data_count row sets";

# --- run ------------------------------------------------------------------------------------

# Infinity, never NaN, where the comment on the function says so: laws whose mean is infinite, and
my %infinite_mean = map { ("margin_calib.$_" => 1) } (
	'expected_shortfall(margin_calib.gpd_model;double precision)', 'expected_shortfall_evt(double precision;double precision;double precision)',
	'student_t_tail(double precision;double precision;double precision;double precision)',
	'expected_shortfall_student_t(double precision;double precision)', 'expected_shortfall_student_t(double precision;double precision;double precision)',
	'variance_swap_rate(margin_calib.svi;double precision)', # a put wing as steep as 2
	'term_structure(margin_calib.vol_surface)',
	'student_t_fit(double precision)'); # degrees of freedom: the normal law

my (@lost, @internal, @late, @infinite);
my $limit = $ENV{FUZZ_LIMIT} || 10;

sub session
{
	for (1 .. 200)
	{
		my $s = eval { Psql->new($database) };
		if ($s)
		{
			$s->rows("SET statement_timeout = '${limit}s'; SET client_min_messages = error;"
				  . 'SET jit = off; SET extra_float_digits = 1; SET search_path = public, margin_calib');
			return $s;
		}
		select undef, undef, undef, 0.1;
	}
	die 'the server does not come back';
}

my $s = session();
my $start = time;
my $made = 0;
# what computes more often than what administers, but for functions with many arguments that must fit
my %weight = map {
	$_->{label} => $_->{kind} =~ /[aw]/ ? 6 : !@{ $_->{types} } ? 0.1 : $_->{label} =~ /_combine/ ? 6 : @{ $_->{types} } > 4 ? 4 : $_->{volatile} || $_->{kind} eq 'p' ? 1 : 2
} @functions;
my @wheel;
for my $f (@functions) { push @wheel, ($f) x (10 * $weight{ $f->{label} }); }

# schedules need pg_cron, quarantine_rows and account_book are given pieces of SQL, refuse_* always do, others need rows that only refresh and setters make, a table
# of a shape of its own, or many arguments that fit each other
my $never = qr/schedule|quarantine_rows|record_feed|connect_feed|store_offsets|store_surface|replay_query|refuse_symbol|refuse_venue|refuse_history|refuse_scenarios|drop_contract|contract_of|attach_quotes|what_if_components|what_if_hedges|reverse_stress_test|stop_enforcing|add_correlation_set|account_book|book_at_start|judge_command|attach_holdings|refuse_instrument/;

# One call of each of these functions.
sub make_calls
{
	my @batch;
	for my $f (@_)
	{
		my $c = call($f);
		$c->{f} = $f;
		push @batch, $c;
		$s->send("BEGIN") if $c->{transaction};
		$s->send($c->{sql});
		$s->send("ROLLBACK") if $c->{transaction};
		$made++;
	}
	for my $c (@batch)
	{
		$s->receive if $c->{transaction};
		my $answer = $s->receive($limit + 50);
		if (!$answer || !$s->alive)
		{
			push @lost, $c->{sql};
			last;
		}
		$s->receive if $c->{transaction};
		my $state = $answer->{state};
		$c->{f}{states}{$state}++;
		push @internal, "$state $answer->{message}: $c->{sql}" if $state =~ /^XX/;
		push @late, $c->{sql} if $state eq '57014' && $c->{sql} !~ /scenario_grid/; # nine million scenarios
		next unless $state eq '00000' && $answer->{text} =~ /not finite/;
		next if $c->{f}{label} =~ /borrowed_path_query|checked_changes|quote_(number_expression|source)|relative_change|rate_change|implied_vol|black76_greeks/; # queries that name NaN; a rise from nothing; a price at its upper bound; a rate beyond double precision
		next if $answer->{text} !~ /nan/ && $c->{f}{label} =~ /_greeks/; # gamma at the money, at expiry
		# what is asked of the answer names both
		my $finite_in = ($c->{sql} =~ s/CASE .*? END//r) !~ /NaN|Infinity|unlogged|'book'::regclass, 'quantity'/ && !grep({ !$finite_data{$_} } $c->{sql} =~ /WHERE id = (\d+)/g) && (!$c->{source} || $finite_data{ $c->{source} });
		next if $answer->{text} !~ /nan/ && $infinite_mean{ $c->{f}{label} } || $c->{f}{label} =~ /_query\(/; # pieces of SQL
		push @infinite, $c->{sql} if $finite_in || $c->{f}{label} =~ /calibrat/;
	}
	$s = session() if @lost && !$s->alive;
	return;
}

while ($made < $calls && @lost < 5)
{
	make_calls(map { pick(@wheel) } 1 .. min(40, $calls - $made));
}
# those that no call got through have more
sub unseen { return grep { !$_->{trigger} && !$_->{states}{'00000'} && $_->{label} !~ $never } @functions; }
for (1 .. 10)
{
	for my $f (unseen()) { make_calls(($f) x 40) if @lost < 5; }
}
my $seconds = time - $start;
note sprintf '%d calls in %.1f s', $made, $seconds;

sub report
{
	my ($name, @bad) = @_;
	my %seen;
	ok(!@bad, $name) or diag(scalar(@bad) . " of $made calls");
	for my $sql (@bad)
	{
		my ($function) = $sql =~ /margin_calib\.(\w+)\(/;
		diag(substr($sql, 0, 3000)) if $seen{ $function // '' }++ < 3;
	}
	return;
}
cmp_ok($made, '>=', $calls, "$calls calls were made");
report('the connection was never lost', @lost);
report('no internal error reached the user', @internal);
report("nothing ran for $limit s", @late);
report('no NaN or infinity out of finite input, nor out of a calibration', @infinite);

# A function that no call of many gets through says that the fuzzer, not the function, is too weak.
for my $f (@functions)
{
	note sprintf '%-60s %s', $f->{label}, join ' ', map { "$_:$f->{states}{$_}" } sort keys %{ $f->{states} };
}
my @never = map { $_->{label} } unseen();
ok(!@never, 'every function was called with success at least once') or diag(join "\n", @never);
done_testing();
