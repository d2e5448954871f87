"""A check before a trade (G27): the aggregate over 60 options in 33 scenarios alone, and the whole call of check_order when warm, with 1 to 200
positions, without and with three assets of collateral; a row into a table with the trigger of enforce_margin; refresh, an account of 20
positions. Times are of the server: check_order is called in a loop there, and each call is timed alone, so that the least and the median of
many calls say more than a mean would on a machine that others use."""
import time

from harness import Contender, Line, Wrong, cpu_seconds, expect_close, interleave

CALLS = 300
POSITIONS = (1, 20, 60, 200)
ACCOUNTS = (100, 500, 2000)
OPTION = 'BTC-USD-26MAR27-60000-C'

SETUP = '''
CREATE TABLE bench.check_price (symbol text, ts timestamptz, price float8);
INSERT INTO bench.check_price
SELECT s, date_trunc('minute', now()) - i * interval '1 day', b * exp(0.03 * sin(i * m))
  FROM generate_series(0, 700) AS i, (VALUES ('BTC-USD-PERP', 90000, 7), ('ETH-USD-PERP', 3000, 11), ('USDT-USD', 1, 0)) AS v (s, b, m);
CREATE INDEX ON bench.check_price (symbol, ts);
CREATE TABLE bench.check_option AS
    SELECT i, format('BTC-USD-%s-%s-%s', CASE WHEN i % 4 < 2 THEN '26MAR27' ELSE '25JUN27' END, 60000 + 500 * i, CASE WHEN i % 2 = 0 THEN 'C' ELSE 'P' END) AS symbol
      FROM generate_series(0, 199) AS i;
CREATE TABLE bench.check_quote (coin text, ts timestamptz, expiry timestamptz, strike float8, kind text, mark float8, forward float8);
INSERT INTO bench.check_quote
SELECT 'BTC', date_trunc('minute', now()), e, k, c,
       margin_calib.black76_price(c, 90000, k, extract(epoch FROM e - date_trunc('minute', now()))::float8 / 31536000, 0.5 - 0.1 * ln(k / 90000) + 0.3 * ln(k / 90000) ^ 2), 90000
  FROM (SELECT e, 40000.0 + 6000 * g FROM (VALUES (timestamptz '2027-03-26 08:00Z'), ('2027-06-25 08:00Z')) AS v (e), generate_series(0, 20) AS g) AS x (e, k),
       unnest('{{call,put}}'::text[]) AS c WHERE e > now();
CREATE TABLE bench.check_position (account text, symbol text, quantity numeric, entry numeric);
CREATE INDEX ON bench.check_position (account);
CREATE TABLE bench.check_plain (LIKE bench.check_position INCLUDING INDEXES);
CREATE TABLE bench.check_balance (account text, asset text, amount numeric);
CREATE INDEX ON bench.check_balance (account);
INSERT INTO bench.check_position
SELECT p || n, symbol, (i % 7) - 3.5, 1000 + i FROM bench.check_option, unnest('{{p,c}}'::text[]) AS p, unnest('{{{positions}}}'::int[]) AS n WHERE i < n;
INSERT INTO bench.check_balance
SELECT 'c' || n, a, 1000000 FROM unnest('{{{positions}}}'::int[]) AS n, unnest('{{BTC,USDC,USDT}}'::text[]) AS a;
SELECT margin_calib.set_contracts(array_agg(symbol), 'paradex') FROM bench.check_option;
SELECT margin_calib.set_contracts('{{BTC-USD-PERP,ETH-USD-PERP}}', 'paradex'), margin_calib.set_amount_step('USD', 0.01),
       margin_calib.attach_prices('bench.check_price', instrument => 'symbol', ts => 'ts', price => 'price'),
       margin_calib.attach_quotes('bench.check_quote', 'coin', 'ts', 'expiry', 'strike', 'kind', mark => 'mark', forward => 'forward'),
       margin_calib.attach_positions('bench.check_position', account => 'account', instrument => 'symbol', quantity => 'quantity', entry_price => 'entry'),
       margin_calib.set_margin_model(NULL, 'paradex');
'''
ASSETS = '''
SELECT margin_calib.set_asset('USDC', NULL), margin_calib.set_asset('USDT', 'USDT-USD'), margin_calib.set_asset('BTC', 'BTC-USD-PERP');
'''
# times of single calls in microseconds, after some that warm the session up
TIMER = '''
CREATE FUNCTION bench.check_times(account text, calls integer) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
    times   float8[] := '{}';
    started timestamptz;
BEGIN
    FOR i IN 1 .. calls + 10 LOOP
        started := clock_timestamp();
        PERFORM margin_calib.check_order(account, '%s', -1, 35000);
        IF i > 10 THEN
            times := times || (extract(epoch FROM clock_timestamp() - started) * 1e6)::float8;
        END IF;
    END LOOP;
    RETURN times;
END $$'''
# the same of the aggregate alone, over vectors in memory
BOOK = '''
CREATE TYPE bench.check_holding AS (quantity float8, vector margin_calib.risk_vector);
CREATE FUNCTION bench.book_times(calls integer) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
    method  CONSTANT margin_calib.margin_method := (SELECT u.method FROM margin_calib.scenario_set_used AS u);
    book    CONSTANT bench.check_holding[] := ARRAY(
        SELECT ROW(p.quantity, r.vector)::bench.check_holding FROM bench.check_position AS p JOIN margin_calib.instrument_risk AS r ON r.instrument = p.symbol
         WHERE p.account = 'p60' AND r.currency = 'USD');
    found   margin_calib.portfolio_margin;
    times   float8[] := '{}';
    started timestamptz;
BEGIN
    FOR i IN 1 .. calls + 10 LOOP
        started := clock_timestamp();
        SELECT (m.margin).* INTO found FROM (SELECT margin_calib.portfolio_margin(b.quantity, b.vector, method) AS margin FROM unnest(book) AS b OFFSET 0) AS m;
        IF i > 10 THEN
            times := times || (extract(epoch FROM clock_timestamp() - started) * 1e6)::float8;
        END IF;
    END LOOP;
    RETURN times;
END $$'''


def load(bench):
    backend = bench.backend
    backend.execute(SETUP.format(positions=','.join(map(str, POSITIONS))))
    backend.execute('CALL margin_calib.refresh()')
    backend.execute(ASSETS)
    backend.execute('CALL margin_calib.refresh()')
    backend.execute(TIMER % OPTION)
    backend.execute(BOOK)
    for table in ('check_position', 'check_balance', 'check_price'):
        backend.execute(f'VACUUM (FREEZE, ANALYZE) bench.{table}')
    if backend.value('SELECT count(*) FROM margin_calib.instrument_risk WHERE vector IS NULL OR stale_reason IS NOT NULL') > 0:
        raise Wrong('an option has no vector')


def times(bench, call):
    """Least, median and 99th percentile of single calls, in ms."""
    found = sorted(bench.backend.value(f'SELECT {call}'))
    return [found[i] / 1e3 for i in (0, len(found) // 2, len(found) * 99 // 100)]


def checked(bench, accounts, what, bound):
    lines = []
    for account in accounts:
        least, median, last = times(bench, f"bench.check_times('{account}', {CALLS})")
        count = int(account[1:])
        name = f'check_order, {count} position{"s" if count > 1 else ""}{what}'
        bounds = [bound if count == 60 else None, None]
        lines += [Line('G27', f'{name}: least', bounds[0], least, unit=' ms'), Line('G27', f'{name}: median', bounds[0], median, unit=' ms'),
                  Line('G27', f'{name}: 99 of 100', bounds[1], last, unit=' ms')]
    return lines


def insert(bench, table):
    """A row of an account with 60 positions, in a transaction that is rolled back; dead rows would be read again by the next ones, so now and then they go."""
    count = iter(range(1_000_000))

    def run():
        bench.backend.execute('BEGIN')
        before, start = cpu_seconds(bench.backend.pid), time.perf_counter()
        bench.backend.execute(f"INSERT INTO bench.{table} VALUES ('c60', '{OPTION}', 0.001, 30000)")
        used = cpu_seconds(bench.backend.pid) - before, time.perf_counter() - start
        bench.backend.execute('ROLLBACK')
        if next(count) % 50 == 0:
            bench.backend.execute(f'VACUUM bench.{table}, margin_calib.account_guard')
        return used
    return Contender(f'INSERT {table}', 1, run)


def refreshed(bench, accounts):
    """Seconds of CPU an account of 20 positions, all of which have changed."""
    backend = bench.backend
    backend.execute(f"DELETE FROM bench.check_position WHERE account LIKE 'r%'; INSERT INTO bench.check_position "
                    f"SELECT 'r' || a, symbol, ((a * i) % 11) - 5.5, 1000 + i FROM bench.check_option, generate_series(1, {accounts}) AS a WHERE (i * 31 + a * 17) % 200 < 20")
    backend.execute('CALL margin_calib.refresh()')
    backend.execute('ANALYZE bench.check_position')
    used = []
    for turn in range(3):
        backend.execute("UPDATE bench.check_position SET quantity = quantity + 1 WHERE account LIKE 'r%'")
        before = cpu_seconds(backend.pid)
        backend.execute('CALL margin_calib.refresh()')
        used.append((cpu_seconds(backend.pid) - before) / accounts)
    expect_close('accounts', backend.value("SELECT count(*) FROM margin_calib.account_state WHERE account LIKE 'r%'"), accounts)
    return min(used)


def case_check(bench):
    bench.need('margin_calib.check_order(text, text, numeric, numeric, numeric)')
    load(bench)
    least, median, _ = times(bench, f'bench.book_times({CALLS})')
    lines = [Line('G27', 'portfolio_margin of 60 options in 33 scenarios alone: least', 0.2, least, unit=' ms'),
             Line('G27', 'the same: median', 0.2, median, unit=' ms')]
    lines += checked(bench, [f'p{n}' for n in POSITIONS], '', 1.0)
    bench.backend.execute("SELECT margin_calib.attach_collateral('bench.check_balance', account => 'account', asset => 'asset', quantity => 'amount')")
    bench.backend.execute('CALL margin_calib.refresh()')
    lines += checked(bench, [f'c{n}' for n in POSITIONS], ', three assets', 1.0)
    captured = interleave([insert(bench, 'check_plain'), insert(bench, 'check_position')])
    bench.backend.execute("SELECT margin_calib.enforce_margin('bench.check_position', price => 'entry')")
    enforced = interleave([insert(bench, 'check_position')])
    lines += [Line('G27', f'a row inserted, {what}', None, found[name].best['wall'] * 1e3, unit=' ms')
              for what, found, name in (('no trigger', captured, 'INSERT check_plain'), ('attached', captured, 'INSERT check_position'),
                                        ('attached and enforce_margin, 60 positions and three assets', enforced, 'INSERT check_position'))]
    bench.backend.execute("SELECT margin_calib.stop_enforcing('bench.check_position')")
    lines += [Line('G27', f'refresh of {n} accounts x 20 positions, an account', None, refreshed(bench, n) * 1e3, unit=' ms') for n in ACCOUNTS]
    bench.backend.execute("SELECT margin_calib.detach(relation) FROM margin_calib.feed WHERE relation::text LIKE 'bench.check_%'")
    bench.backend.execute('CALL margin_calib.refresh()')
    return lines


CASES = {'check': case_check}
