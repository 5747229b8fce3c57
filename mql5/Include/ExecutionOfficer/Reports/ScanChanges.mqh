//+------------------------------------------------------------------+
//|                                                  ScanChanges.mqh |
//| Changes since the last scan: lists that are others than the      |
//| scan's, and reports that were posted after it. What explains a   |
//| change may follow it, so the scan comes a while later.           |
//+------------------------------------------------------------------+
#include "Snapshot.mqh"

#define CHANGE_SCAN_MS 1000                // from a change to its scan, and between a scan and a later change scan
//+------------------------------------------------------------------+
//| Return whether two sorted lists are equal.                       |
//+------------------------------------------------------------------+
bool SameNumbers(const long &one[],const long &other[])
  {
   if(ArraySize(one)!=ArraySize(other))
      return(false);
   for(int i=0; i<ArraySize(one); i++)
      if(one[i]!=other[i])
         return(false);
   return(true);
  }
//+------------------------------------------------------------------+
//| Changes since the last scan that is no quick one.                |
//+------------------------------------------------------------------+
class CScanChanges
  {
private:
   long              m_scanned_ms;  // start of the last scan
   long              m_due_ms;      // of a change scan; 0: no change is known
   bool              m_changed;     // the lists are others than those of the last scan
   bool              m_requested;   // the sidecar has asked for a scan
   long              m_known_posts; // reports until the last scan's snapshot, and those of that scan
   long              m_positions[]; // identifiers in the last scan's snapshot
   long              m_orders[];    // tickets of live orders in it

public:
   void              Load(void);
   void              Clear(void);
   void              Request(void) { m_requested=true; }
   void              NotePost(void) { m_known_posts++; }
   void              Started(const long mono_ms);
   void              Note(CSnapshot &snapshot,const long posted);
   void              Compare(CSnapshot &snapshot);
   bool              ScanDue(const long posted,const long mono_ms);
  };
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CScanChanges::Load(void)
  {
   m_scanned_ms=0;
   m_known_posts=0;
  }
//+------------------------------------------------------------------+
//| Forget the lists, and that a scan was asked for.                 |
//+------------------------------------------------------------------+
void CScanChanges::Clear(void)
  {
   m_due_ms=0;
   m_changed=false;
   m_requested=false;
   ArrayFree(m_positions);
   ArrayFree(m_orders);
  }
//+------------------------------------------------------------------+
//| Note the start of a scan that is no quick one.                   |
//+------------------------------------------------------------------+
void CScanChanges::Started(const long mono_ms)
  {
   m_scanned_ms=mono_ms;
   m_due_ms=0;
   m_requested=false;
  }
//+------------------------------------------------------------------+
//| Note the lists of that scan's snapshot, and the number of reports|
//| that were posted before it.                                      |
//+------------------------------------------------------------------+
void CScanChanges::Note(CSnapshot &snapshot,const long posted)
  {
   snapshot.Positions(m_positions);
   snapshot.LiveOrders(m_orders);
   ArraySort(m_positions);
   ArraySort(m_orders);
   m_changed=false;
   m_known_posts=posted;
  }
//+------------------------------------------------------------------+
//| Compare the lists of a quick scan with those of the last scan.   |
//+------------------------------------------------------------------+
void CScanChanges::Compare(CSnapshot &snapshot)
  {
   long positions[];
   long live_orders[];
   snapshot.Positions(positions);
   snapshot.LiveOrders(live_orders);
   ArraySort(positions);
   ArraySort(live_orders);
   if(!SameNumbers(positions,m_positions) || !SameNumbers(live_orders,m_orders))
      m_changed=true;
  }
//+------------------------------------------------------------------+
//| Return whether something has changed since the last scan, or the |
//| sidecar asks, and it is time. posted is the number of reports so |
//| far.                                                             |
//+------------------------------------------------------------------+
bool CScanChanges::ScanDue(const long posted,const long mono_ms)
  {
   if(m_due_ms==0 && (m_changed || posted!=m_known_posts))
      m_due_ms=mono_ms+CHANGE_SCAN_MS;
   if(m_requested)
      return(mono_ms>=m_scanned_ms+CHANGE_SCAN_MS);
   return(m_due_ms!=0 && mono_ms>=m_due_ms);
  }
//+------------------------------------------------------------------+
