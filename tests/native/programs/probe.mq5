//+------------------------------------------------------------------+
//| The Probe's judgement of a move: the event's id is how long a    |
//| copy took, its number how long the move took, in microseconds    |
//+------------------------------------------------------------------+
#include "..\..\..\mql5\Experts\ExecutionOfficer\Probe\Files.mqh"

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   Print(ProbeMoveCopies(id,number));
  }
//+------------------------------------------------------------------+
