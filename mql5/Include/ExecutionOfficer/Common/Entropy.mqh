//+------------------------------------------------------------------+
//|                                                      Entropy.mqh |
//| Random bytes for instance ids and nonces. MQL5 has no source of  |
//| true randomness, and MathRand seeded from a clock can be         |
//| guessed: SHA-256 runs over a pool of clocks, ids, a count of     |
//| loads and the link key. The bytes cannot be guessed without the  |
//| key; two loads of the program differ by their clocks and by the  |
//| count. A nonce must be fresh, not secret: the proofs are made    |
//| with the key.                                                    |
//+------------------------------------------------------------------+
#include "Sha256.mqh"

#define ENTROPY_LOADS "ExecutionOfficer.Loads"   // a global variable of the terminal
//+------------------------------------------------------------------+
//| A pool that changes with each draw.                              |
//+------------------------------------------------------------------+
class CEntropy
  {
private:
   string            m_pool; // hex
   long              m_draws;

   string            Clocks(void) const;

public:
                     CEntropy(void);
   void              Seed(const string secret);
   string            Hex(const int bytes);
   double            Fraction(void);
  };
//+------------------------------------------------------------------+
//| Create it without a seed.                                        |
//+------------------------------------------------------------------+
CEntropy::CEntropy(void)
  {
   m_pool="";
   m_draws=0;
  }
//+------------------------------------------------------------------+
//| Return all clocks of the terminal, and MathRand.                 |
//+------------------------------------------------------------------+
string CEntropy::Clocks(void) const
  {
   return(IntegerToString((long)GetMicrosecondCount())+","+IntegerToString((long)GetTickCount64())+","
          +IntegerToString((long)TimeLocal())+","+IntegerToString((long)TimeGMT())+","+IntegerToString(MathRand()));
  }
//+------------------------------------------------------------------+
//| Seed the pool. Bytes of an earlier load are kept.                |
//+------------------------------------------------------------------+
void CEntropy::Seed(const string secret)
  {
   uchar bytes[];
   uchar digest[];
   MathSrand((int)(GetMicrosecondCount()&0x7FFFFFFF));
   double loads=GlobalVariableCheck(ENTROPY_LOADS) ? GlobalVariableGet(ENTROPY_LOADS)+1.0 : 1.0;
   GlobalVariableSet(ENTROPY_LOADS,loads);
   string gathered=m_pool+"|"+DoubleToString(loads,0)+"|"+Clocks()+"|"+secret
                   +"|"+IntegerToString(AccountInfoInteger(ACCOUNT_LOGIN))+"|"+AccountInfoString(ACCOUNT_SERVER)+"|"+IntegerToString(ChartID())
                   +"|"+TerminalInfoString(TERMINAL_DATA_PATH)+"|"+DoubleToString(AccountInfoDouble(ACCOUNT_EQUITY),8);
   TextToUtf8(gathered,bytes);
   if(Sha256(bytes,digest))
      m_pool=HexText(digest,SHA256_BYTES);
   else
      m_pool=gathered;
  }
//+------------------------------------------------------------------+
//| Draw at most 32 random bytes, as lower-case hex.                 |
//+------------------------------------------------------------------+
string CEntropy::Hex(const int bytes)
  {
   uchar data[];
   uchar drawn[];
   uchar kept[];
   m_draws++;
   string stirred=m_pool+"|"+IntegerToString(m_draws)+"|"+Clocks();
   TextToUtf8("out|"+stirred,data);
   if(!Sha256(data,drawn))
      return("");
   TextToUtf8("pool|"+stirred,data);
   if(Sha256(data,kept))
      m_pool=HexText(kept,SHA256_BYTES);
   return(HexText(drawn,(bytes<SHA256_BYTES) ? bytes : SHA256_BYTES));
  }
//+------------------------------------------------------------------+
//| Draw a number from 0 to below 1, for back-off.                   |
//+------------------------------------------------------------------+
double CEntropy::Fraction(void)
  {
   return(MathRand()/32768.0);
  }
//+------------------------------------------------------------------+
