/*
 * module.h
 *	  Settings of the loaded library.
 */
#ifndef MC_MODULE_H
#define MC_MODULE_H

extern int mc_max_state_mb;

#endif
