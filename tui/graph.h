/*
 * graph.h: figures as pictures: sparklines, meters and a graph of several rows, drawn with block
 * characters (or their ASCII stand-ins).
 */
#ifndef WARDER_TUI_GRAPH_H
#define WARDER_TUI_GRAPH_H

#include "core/api/sessions.h"
#include "tui/grid.h"

enum graph_what { GRAPH_CPU, GRAPH_MEMORY, GRAPH_PIDS, GRAPH_IO, GRAPH_NET };

/* A sample's value; -1 = unknown. */
int64_t graph_value(const struct board_sample *s, enum graph_what what);
/* The newest samples, right-aligned in area, one row or several; `full` is the value that fills
 * it (0: the largest seen). A column stands for `step` samples, the largest of them (0: as many
 * as needed to show all there are). Nothing is drawn where nothing is known. */
void graph_draw(struct grid *g, struct rect area, const struct board_data *d, enum graph_what what,
                int64_t full, unsigned step);
/* [####....] over w columns, brackets included: coloured by how full it is. value < 0 or full <=
 * 0: empty, without colour. */
void graph_meter(struct grid *g, int x, int y, int w, int64_t value, int64_t full);
enum theme_role graph_role(int64_t value, int64_t full); /* low under 70 %, high from 90 % */

#endif
