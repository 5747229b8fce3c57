//+------------------------------------------------------------------+
//|                                                       faults.mq5 |
//| Faults that stop a program. Each case is one line of the test.   |
//+------------------------------------------------------------------+
input int            InpCase=0;
class CThing { public: int m_value; CThing(void) { m_value=1; } ~CThing(void) { Print("destroyed"); } };
class CPart : public CThing { };
CThing  *g_thing=NULL;
int      g_zero=0;
//+------------------------------------------------------------------+
void OnStart(void)
  {
   CThing local;
   int numbers[3]={1,2,3};
   int grown[];
   string text="abc";
   long wide=1;
   int least=INT_MIN+g_zero;
   long widest=LONG_MIN+g_zero;
   switch(InpCase)
     {
      case 1: Print(numbers[3+g_zero]);                                          break;
      case 2: Print(numbers[-1+g_zero]);                                         break;
      case 3: Print(grown[0]);                                                   break;
      case 4: Print(1/g_zero);                                                   break;
      case 5: Print(1%g_zero);                                                   break;
      case 6: Print(1.0/(double)g_zero);                                         break;
      case 7: numbers[0]/=g_zero;                                                break;
      case 8: Print(g_thing.m_value);                                            break;
      case 9: g_thing=new CThing; delete g_thing; Print(g_thing.m_value);        break;
      case 10: g_thing=GetPointer(local); delete g_thing;                        break;
      case 11: g_thing=new CThing; Print(((CPart *)g_thing).m_value);            break;
      case 12: Print(StringFormat("%d",wide));                                   break;
      case 13: Print(StringFormat("%s",7));                                      break;
      case 14: Print(StringFormat("%d %d",7));                                   break;
      case 15: PrintFormat("%d",7,8);                                            break;
      case 16: Print(text[3]);                                                   break;
      case 17: Print(PositionGetInteger((ENUM_POSITION_PROPERTY_INTEGER)99999)); break;
      case 18: Print(least/(g_zero-1));                                          break;
      case 19: Print(widest%(g_zero-1));                                         break;
      case 20: least/=(g_zero-1); Print(least);                                  break;
      default: Print("alive");
     }
  }
//+------------------------------------------------------------------+
