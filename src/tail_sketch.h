/*
 * tail_sketch.h
 *	  What the type tail_sketch and its aggregates share.
 */
#ifndef MC_TAIL_SKETCH_H
#define MC_TAIL_SKETCH_H

#include "compat.h"
#include "kernel/sketch.h"

/* The sketch in bytes that an SQL value holds, in the current context, flat (kernel/sketch.h). */
extern McSketch *mc_sketch_unpack(const char *bytes, Size length, int error_code);

/* The same for an argument of type tail_sketch. */
extern McSketch *mc_sketch_argument(FunctionCallInfo fcinfo, int arg);

/* A settled sketch as an SQL value: a tail_sketch, or a bytea for a parallel worker. */
extern struct varlena *mc_sketch_pack(McSketch *sketch);

#endif
