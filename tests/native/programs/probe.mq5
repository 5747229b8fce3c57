//+------------------------------------------------------------------+
//| The Probe's evaluation of a move: the event's id is the duration |
//| of a copy, its number that of the move, in microseconds.         |
//+------------------------------------------------------------------+
#include "..\..\..\mql5\Experts\ExecutionOfficer\Probe\Files.mqh"

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   Print(ProbeMoveCopies(id,number));
  }
//+------------------------------------------------------------------+
