//+------------------------------------------------------------------+
//|                                                       Checks.mqh |
//| What a corpus program expects of itself.                         |
//+------------------------------------------------------------------+
int g_checks=0;
//+------------------------------------------------------------------+
//| One expectation: told when it is not met, counted in any case    |
//+------------------------------------------------------------------+
void Check(const bool met,const string what)
  {
   g_checks++;
   if(!met)
      Print("FAIL ",what);
  }
//+------------------------------------------------------------------+
//| Two texts that should be the same                                |
//+------------------------------------------------------------------+
void CheckText(const string got,const string wanted)
  {
   g_checks++;
   if(got!=wanted)
      Print("FAIL got <",got,"> wanted <",wanted,">");
  }
//+------------------------------------------------------------------+
//| The last line: the test looks for it                             |
//+------------------------------------------------------------------+
void Done(void)
  {
   PrintFormat("%d checks",g_checks);
  }
//+------------------------------------------------------------------+
