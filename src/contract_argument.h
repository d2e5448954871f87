/*
 * contract_argument.h
 *	  A margin_calib.contract as an argument.
 */
#ifndef MC_CONTRACT_ARGUMENT_H
#define MC_CONTRACT_ARGUMENT_H

#include "compat.h"

#include "datatype/timestamp.h"

#include "kernel/contract.h"

typedef struct McContractTerms
{
	McContract contract;
	char *instrument;
	char *underlying;
	char *
	    asset; /* that its value and profit are counted in: of a spot pair the quote currency; or NULL */
	char *quote_currency; /* or NULL */
	TimestampTz expiry;   /* DT_NOEND where there is none */
} McContractTerms;

/* In the order of McContractKind; NULL ends it. */
extern const char *const mc_contract_kinds[];

/* What a portfolio needs of a contract: 22023 unless it can be valued and has a name. */
extern void mc_contract_read(Datum row, McContractTerms *contract);

#endif
