//+------------------------------------------------------------------+
//|                                                       Checks.mqh |
//| Expectations of a corpus program.                                |
//+------------------------------------------------------------------+
int g_checks=0;
//+------------------------------------------------------------------+
//| Count an expectation, and print it where it is not met.          |
//+------------------------------------------------------------------+
void Check(const bool met,const string what)
  {
   g_checks++;
   if(!met)
      Print("FAIL ",what);
  }
//+------------------------------------------------------------------+
//| Expect two equal texts.                                          |
//+------------------------------------------------------------------+
void CheckText(const string got,const string wanted)
  {
   g_checks++;
   if(got!=wanted)
      Print("FAIL got <",got,"> wanted <",wanted,">");
  }
//+------------------------------------------------------------------+
//| Print the last line, which the test reads.                       |
//+------------------------------------------------------------------+
void Done(void)
  {
   PrintFormat("%d checks",g_checks);
  }
//+------------------------------------------------------------------+
