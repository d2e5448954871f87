/*
 * black_columns.h
 *	  black_body.h over columns: included after it, once for each instruction set.
 *
 * A block goes through one step after the other: each is short enough for the machine to work on several
 * vectors at once.  The last vector is filled up with its first option.
 */
#define MC_BLOCK 8 /* vectors */

typedef uint8_t MC_N(Bytes) __attribute__((vector_size(MC_WIDTH)));

MC_BODY MC_V
MC_N(load)(const McColumn *column, size_t first, size_t count)
{
	MC_V v;

	if (column->step == 1 && count == MC_WIDTH)
	{
		__builtin_memcpy(&v, column->values + first, sizeof(v));
		return v;
	}
	v = MC_N(all)(column->values[first * column->step]);
	for (size_t i = 1; i < count && column->step == 1; i++)
		v[i] = column->values[first + i];
	return v;
}

MC_BODY void
MC_N(store)(double *column, MC_V v, size_t first, size_t count)
{
	if (count == MC_WIDTH)
		__builtin_memcpy(column + first, &v, sizeof(v));
	else
		for (size_t i = 0; i < count; i++)
			column[first + i] = v[i];
}

MC_BODY MC_U
MC_N(load_call)(const McOptions *options, size_t first, size_t count)
{
	MC_N(Bytes) bytes = {0};

	if (options->call_step == 1 && count == MC_WIDTH)
		__builtin_memcpy(&bytes, options->call + first, sizeof(bytes));
	else
		for (size_t i = 0; i < count; i++)
			bytes[i] = options->call[(first + i) * options->call_step];
	return -__builtin_convertvector(bytes, MC_U);
}

MC_BODY void
MC_N(load_option)(const McOptions *options, size_t first, size_t count, MC_N(Option) * o)
{
	o->call = MC_N(load_call)(options, first, count);
	o->forward = MC_N(load)(&options->forward, first, count);
	o->strike = MC_N(load)(&options->strike, first, count);
	o->t = MC_N(load)(&options->t, first, count);
	o->vol = MC_N(load)(&options->vol, first, count);
}

MC_BODY void
MC_N(store_greeks)(const MC_N(Option) * o, size_t first, size_t count, const McGreekColumns *greeks)
{
	MC_N(Greeks) g = MC_N(sensitivities)(o);

	MC_N(store)(greeks->delta, g.delta, first, count);
	MC_N(store)(greeks->gamma, g.gamma, first, count);
	MC_N(store)(greeks->vega, g.vega, first, count);
	MC_N(store)(greeks->theta, g.theta, first, count);
	MC_N(store)(greeks->rho, g.rho, first, count);
	MC_N(store)(greeks->vanna, g.vanna, first, count);
	MC_N(store)(greeks->volga, g.volga, first, count);
}

/* Options that the body leaves out. */
MC_BODY void
MC_N(left_out)(const McOptions *options, const MC_N(Option) * o, size_t first, size_t count,
               bool wanted, const McGreekColumns *greeks)
{
	uint64_t usable = ~(uint64_t) 0;

	for (size_t i = 0; i < MC_WIDTH; i++)
		usable &= o->usable[i];
	for (size_t i = 0; i < count && usable == 0; i++)
		if (!o->usable[i])
			alone(options, first + i, wanted, greeks);
}

static MC_TARGET void
MC_N(block)(const McOptions *options, size_t start, size_t count, bool wanted,
            const McGreekColumns *greeks)
{
	MC_N(Option) o[MC_BLOCK];
	size_t n = (count + MC_WIDTH - 1) / MC_WIDTH;

#define MC_IN_VECTOR(i) ((i) == n - 1 ? count - (i) *MC_WIDTH : MC_WIDTH)
	for (size_t i = 0; i < n; i++)
	{
		MC_N(load_option)(options, start + i * MC_WIDTH, MC_IN_VECTOR(i), &o[i]);
		MC_N(prepare)(&o[i]);
	}
	for (size_t i = 0; i < n; i++)
		MC_N(density)(&o[i]);
	for (size_t i = 0; i < n; i++)
		MC_N(normal)(&o[i]);
	for (size_t i = 0; i < n; i++)
		MC_N(store)(greeks->price, MC_N(value)(&o[i]), start + i * MC_WIDTH, MC_IN_VECTOR(i));
	for (size_t i = 0; i < n && wanted; i++)
		MC_N(store_greeks)(&o[i], start + i * MC_WIDTH, MC_IN_VECTOR(i), greeks);
	for (size_t i = 0; i < n; i++)
		MC_N(left_out)(options, &o[i], start + i * MC_WIDTH, MC_IN_VECTOR(i), wanted, greeks);
#undef MC_IN_VECTOR
}

static MC_TARGET void
MC_N(columns)(const McOptions *options, bool wanted, const McGreekColumns *greeks)
{
	const size_t most = MC_BLOCK * MC_WIDTH;

	for (size_t start = 0; start < options->count; start += most)
	{
		size_t left = options->count - start;

		MC_N(block)(options, start, left < most ? left : most, wanted, greeks);
	}
}

#undef MC_BLOCK
