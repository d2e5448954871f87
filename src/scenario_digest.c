/*
 * scenario_digest.c
 *	  What tells scenario sets apart that have the same name and version.
 */
#include "scenario_set.h"

#include "common/hashfn.h"

static uint64
digest_numbers(const double *numbers, Size bytes, uint64 digest)
{
	return hash_bytes_extended((const unsigned char *) numbers, bytes, digest);
}

static uint64
digest_name(const char *name, uint64 digest)
{
	return name == NULL ? digest
	                    : hash_bytes_extended((const unsigned char *) name, strlen(name), digest);
}

/* Numbers one by one: what lies between the members of a struct is not defined. */
static uint64
digest_law(const McFactorLaw *law, uint64 digest)
{
	const McShockLaw *s = &law->shocks;
	const McDiscountLaw *sides[] = {&law->long_side, &law->short_side};
	const double numbers[] = {
	    s->beta,      s->price_range, s->vol_up,      s->vol_down,   s->vol_range_absolute,
	    s->reference, s->least,       s->short_power, s->long_power, s->least_vol_up};

	digest = digest_name(law->factor, digest);
	digest = digest_numbers(numbers, sizeof(numbers), digest);
	digest = digest_name(law->currency, digest);
	for (int i = 0; i < 2; i++)
	{
		const McSkewLaw *skew = &s->skew[i];
		const double numbers_of_side[] = {skew->cap,         skew->cap_slope, skew->least_width,
		                                  skew->width_scale, skew->width,     skew->width_slope,
		                                  sides[i]->given,   sides[i]->base,  sides[i]->rate_scale,
		                                  sides[i]->rate_add};

		digest = digest_numbers(numbers_of_side, sizeof(numbers_of_side), digest);
	}
	return digest;
}

static uint64
digest_shocks(const double *shocks, int count, uint64 digest)
{
	return shocks == NULL ? digest : digest_numbers(shocks, count * sizeof(double), digest + 1);
}

uint64
mc_scenario_set_digest(const McScenarioSet *set)
{
	uint64 digest = 0;

	for (int i = 0; i < set->law_count; i++)
	{
		digest = digest_law(&set->laws[i], digest);
		digest = digest_shocks(set->laws[i].price_shocks, set->count, digest);
		digest = digest_shocks(set->laws[i].vol_shocks, set->count, digest);
	}
	for (int i = 0; i < set->count; i++)
	{
		const McShock *shock = &set->shocks[i];
		const McScenarioRole *role = set->roles == NULL ? NULL : &set->roles[i];
		const double numbers[] = {shock->price,
		                          shock->price_unit,
		                          shock->vol,
		                          shock->vol_unit,
		                          shock->skew,
		                          role == NULL ? 1 : role->weight,
		                          role == NULL ? 0 : role->both_ways,
		                          role == NULL ? 0 : role->contingency};

		digest = digest_numbers(numbers, sizeof(numbers), digest);
	}
	return digest;
}
